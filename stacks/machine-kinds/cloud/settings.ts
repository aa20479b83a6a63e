import { z } from "zod";
import { type Check, check } from "../../../policies/check.ts";
import { reason } from "../../settings/reason.ts";

const text = z.string().min(1);

/** Text of one shape: what is expected of it, and what to write instead. */
export function shaped(pattern: RegExp, expected: string, instead: string | ((value: string) => string)) {
  return z.string().superRefine((value, context) => {
    if (pattern.test(value)) return;
    const message = `${JSON.stringify(value)}: expected ${expected}`;
    const params = { instead: typeof instead === "string" ? instead : instead(value) };
    context.addIssue({ code: "custom", message, params });
  });
}

/** What the image is: its name in the words of its cloud, and the processor that it is built for. */
export function imageOf<S extends z.ZodRawShape>(named: S) {
  const arch = z.enum(["amd64", "arm64"]).default("amd64").describe("What the image is built for.");
  return z.strictObject({ ...named, arch });
}

/** Disk sizes in GiB. */
const gib = (least: number) => z.int().min(least).max(65_536);

/** The disk that goes with the machine. */
export const systemDisk = { size: gib(30).default(100).describe("GiB. Deleted with the machine.") };

/** The disk of the agent's files. */
export const dataDisk = {
  size: gib(10).default(50).describe("GiB."),
  protect: z
    .boolean()
    .default(true)
    .describe("Refuse to delete the disk. To delete it: set this to false with a `reason`, apply, then destroy."),
  reason: reason.optional().describe("Why the disk may be deleted; needed with `protect: false`. Default: none."),
};

/** Settings of a machine that both clouds have. */
export function cloudSettings(cloud: "AWS" | "Google") {
  return {
    gpu: z
      .union([z.literal("none"), z.strictObject({ model: text.optional(), count: z.int().min(1).default(1) })], {
        error: "expected none, or { model: L4, count: 1 }",
      })
      .optional()
      .describe("GPUs that the machine type must have. Default: whatever the type has."),
    authorizedKey: shaped(
      /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}( [^\n]*)?$/,
      "a line such as ssh-ed25519 AAAA…",
      "the content of a .pub file",
    )
      .optional()
      .describe(
        "Public key that may log in; its private half is the secret `sshPrivateKey`. It is read at the first boot only, so another one makes the machine anew. Default: a key that the stack makes.",
      ),
    spot: z.boolean().default(false).describe(`Spare capacity: cheaper, and stopped when ${cloud} needs it back.`),
    accept: z
      .array(z.enum(["unlisted-type"]))
      .default([])
      .describe(
        "What you take knowingly. `unlisted-type`: a machine type that this project's table does not have; then `gpu` and `image.arch` are believed.",
      ),
  };
}

/** An unprotected data disk needs a reason. */
export function dataDiskChecks({ protect, reason }: { protect?: unknown; reason?: unknown }): Check[] {
  if (protect !== false || reason !== undefined) return [];
  const message = "the agent's files could be deleted with the stack, and no reason is given";
  return [check(["dataDisk", "reason"], message, "reason: why, or protect: true")];
}

/** A network that is given needs both its parts: by its keys, what each is called, and an example of each. */
export function networkChecks(
  network: Readonly<Record<string, unknown>>,
  outer: readonly [key: string, called: string, example: string],
  inner: readonly [key: string, called: string, example: string],
): Check[] {
  const [has, lacks] = network[outer[0]] ? [outer, inner] : [inner, outer];
  if (network[outer[0]] && network[inner[0]]) return [];
  if (network[has[0]]) {
    const instead = `${lacks[0]}: ${lacks[2]}, of ${network[has[0]]}`;
    return [check(["network", lacks[0]], `${has[1]} without its ${lacks[1].replace(/^an? /, "")}`, instead)];
  }
  const instead = `network: { ${outer[0]}: ${outer[2]}, ${inner[0]}: ${inner[2]} }, or leave it out`;
  return [check(["network"], `a network without ${inner[1]}`, instead)];
}
