import { z } from "zod";
import {
  describeType,
  type Gpu,
  gpuModels,
  type MachineTypes,
  sameModel,
  suggestTypes,
} from "../../components/machine/machine-types.ts";
import { type Check, check } from "../../policies/check.ts";
import { cidrFault, isEverybody } from "../../policies/guardrails/cidr.ts";
import { nearest } from "../../policies/nearest.ts";

const text = z.string().min(1);

/** What a cloud machine may take knowingly, by name. */
export const cloudAccepts = z
  .array(z.enum(["unlisted-type"]))
  .default([])
  .describe(
    "What you take knowingly. `unlisted-type`: a machine type that this project's table does not have; then `gpu` and `image.arch` are believed.",
  );

export const arch = z.enum(["amd64", "arm64"]);

/** What the stack wants of GPUs; the model is optional here only so that its absence can be explained. */
export const wantedGpu = z
  .union([z.literal("none"), z.strictObject({ model: text.optional(), count: z.int().min(1).default(1) })], {
    error: "expected none, or { model: L4, count: 1 }",
  })
  .optional()
  .describe("GPUs that the machine type must have. Default: whatever the type has.");

/** One block of addresses that may reach SSH. */
const cidr = z.string().superRefine((value, context) => {
  const fault = cidrFault(value);
  if (fault) context.addIssue({ code: "custom", message: fault.message, params: { instead: fault.instead } });
});

/** SSH from listed addresses; from everywhere only in so many words. */
export const publicAccess = z
  .strictObject({
    kind: z.literal("public"),
    cidrs: z
      .array(cidr)
      .min(1)
      .describe("Blocks of addresses that may reach SSH: `203.0.113.0/24`, `198.51.100.7/32`."),
    fromAnywhere: text
      .optional()
      .describe("Why everybody may reach SSH; needed for blocks such as 0.0.0.0/0 and ::/0."),
  })
  .superRefine(({ cidrs, fromAnywhere }, context) => {
    if (fromAnywhere !== undefined) return;
    for (const [index, block] of cidrs.entries()) {
      if (cidrFault(block) || !isEverybody(block)) continue;
      const message = `${block} opens SSH to the whole internet`;
      const instead = "your own addresses, as /32 or /24; or fromAnywhere: why everybody may reach SSH";
      context.addIssue({ code: "custom", path: ["cidrs", index], message, params: { instead } });
    }
  });

/** A way in that opens no port; listing addresses beside it would be a second way in. */
export function closedAccess<K extends string>(kind: K) {
  const message = `addresses are let in by access public; with ${kind} no port is open, and one way in is enough`;
  const instead = `access: { kind: ${kind} }, or access: { kind: public, cidrs: […] }`;
  const never = z
    .unknown()
    .optional()
    .superRefine((value, context) => {
      if (value !== undefined) context.addIssue({ code: "custom", message, params: { instead } });
    });
  return z.strictObject({ kind: z.literal(kind), cidrs: never.meta({ hidden: true }) });
}

/** Explains a list of access modes, which is the other way to ask for two. */
export function oneAccess<S extends z.ZodType>(kinds: string, schema: S) {
  return z.preprocess((value, context) => {
    if (!Array.isArray(value)) return value ?? {};
    const message = "a machine has one access mode, and here is a list";
    context.addIssue({ code: "custom", message, params: { instead: `access: { kind: ${kinds} }` } });
    return z.NEVER;
  }, schema);
}

/** Disk sizes in GiB. */
export const gib = (least: number) => z.int().min(least).max(65_536);

export const dataDisk = {
  size: gib(10).default(50).describe("GiB."),
  protect: z
    .boolean()
    .default(true)
    .describe("Refuse to delete the disk. To delete it: set this to false with a `reason`, apply, then destroy."),
  reason: text.optional().describe("Why the disk may be deleted; needed with `protect: false`."),
};

/** An unprotected data disk needs a reason. */
export function dataDiskChecks({ protect, reason }: { protect?: boolean; reason?: string | undefined } = {}): Check[] {
  if (protect !== false || reason !== undefined) return [];
  const message = "the agent's files could be deleted with the stack, and no reason is given";
  return [check(["dataDisk", "reason"], message, "reason: why, or protect: true")];
}

/** The user key that is given, in place of the stack's own. */
export const authorizedKey = z
  .string()
  .regex(/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}( [^\n]*)?$/, {
    error: "expected a line such as ssh-ed25519 AAAA…, from a .pub file",
  })
  .optional()
  .describe(
    "Public key that may log in; its private half is the secret `sshPrivateKey`. Default: a key that the stack makes.",
  );

interface TypeChoice {
  readonly types: MachineTypes;
  /** What the setting is called: `instanceType`. */
  readonly key: string;
  readonly name?: string;
  readonly gpu?: "none" | Partial<Gpu>;
  readonly imageArch?: "amd64" | "arm64";
  readonly accept?: readonly string[];
}

/** What is wrong with a machine type, the GPUs wanted of it and the image's architecture, all at once. */
export function typeChecks(choice: TypeChoice): Check[] {
  const { types, key, name, gpu, imageArch, accept = [] } = choice;
  const models = gpuModels(types);
  const wanted = gpu === undefined || gpu === "none" ? undefined : gpu;
  const found: Check[] = [];
  if (wanted && wanted.model === undefined) {
    const has = types.find((type) => type.name === name)?.gpu;
    const model = has && has !== "none" ? has.model : (models[0] ?? "L4");
    found.push(
      check(["gpu", "model"], "a GPU count without a GPU model", `gpu: { model: ${model}, count: ${wanted.count} }`),
    );
  } else if (wanted?.model !== undefined && !models.some((model) => sameModel(model, wanted.model as string))) {
    const message = `${JSON.stringify(wanted.model)} is no GPU that this cloud's table has; it has ${models.join(", ")}`;
    found.push(check(["gpu", "model"], message, nearest(wanted.model, models) ?? "one of these"));
  }
  const suggested = suggestTypes(types, wanted).map(describeType).join("; ");
  if (name === undefined) {
    found.push(check([key], `${key} is missing; expected a machine type`, suggested || "see docs/configuration.md"));
    return found;
  }
  const type = types.find((each) => each.name === name);
  if (!type) {
    if (accept.includes("unlisted-type")) return found;
    const near = nearest(
      name,
      types.map((each) => each.name),
    );
    const others = suggestTypes(types, wanted).filter((each) => each.name !== near);
    const instead = [near, others.map(describeType).join("; ")].filter(Boolean).join(", or ");
    const message = `${JSON.stringify(name)} is not in this project's table of machine types`;
    found.push(check([key], message, `${instead}; or accept: [unlisted-type], if the cloud has it`));
    return found;
  }
  if (imageArch !== undefined && imageArch !== type.arch) {
    const message = `the image is for ${imageArch}, and ${name} is ${type.arch}`;
    found.push(check(["image", "arch"], message, `an image for ${type.arch}, and arch: ${type.arch}`));
  }
  if (wanted?.model !== undefined) found.push(...gpuMismatch(choice, type.gpu, wanted, suggested));
  else if (gpu === "none" && type.gpu !== "none") {
    const without = types.find((each) => each.gpu === "none" && each.arch === type.arch)?.name;
    found.push(
      check(
        ["gpu"],
        `${name} has ${type.gpu.count} × ${type.gpu.model}, which is paid for`,
        `${without}, or leave gpu out`,
      ),
    );
  }
  return found;
}

function gpuMismatch(
  { key, name, types }: TypeChoice,
  has: Gpu | "none",
  wanted: Partial<Gpu>,
  suggested: string,
): Check[] {
  const { model = "", count = 1 } = wanted;
  if (!gpuModels(types).some((known) => sameModel(known, model))) return [];
  if (has !== "none" && sameModel(has.model, model) && has.count === count) return [];
  const actual = has === "none" ? "has no GPU" : `has ${has.count} × ${has.model}`;
  const message = `${name} ${actual}, and the stack wants ${count} × ${model}`;
  return [check([key], message, suggested || `no type has ${count} × ${model}; ask for fewer`)];
}
