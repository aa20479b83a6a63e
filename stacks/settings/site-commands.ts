import { z } from "zod";
import { type Check, check } from "../../policies/check.ts";
import type { Legible, LegibleSections } from "./legible.ts";

const shell = z.string().min(1);

/** The namespace of the secrets that site commands read; the project's own secrets are not for them. */
export const siteNamespace = "site";

/** Commands of the site's own on the machine: steps that this project knows nothing about and cannot read back. */
export const siteCommands = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,40}$/, { error: "expected a name in lower case, such as inventory-agent" })
        .describe("What it is called in previews."),
      when: z.enum(["before", "after"]).default("before").describe("Before or after Docker and the sandbox runtime."),
      create: shell.describe("Shell command that does it. It must not hold a secret: it is shown in previews."),
      update: shell.optional().describe("Shell command for when it changes. Default: `create` again."),
      delete: shell
        .optional()
        .describe(
          "Shell command that undoes it, in the opposite order: with `before`, once Docker's and the runtime's part is over; with `after`, while they still stand. A machine that is itself deleted goes without it. Default: nothing.",
        ),
      stdin: z
        .string()
        .regex(/^[A-Za-z][\w-]*$/, { error: "expected the name of a secret, such as inventoryToken" })
        .optional()
        .describe(
          "Name of a secret that the commands get on standard input: `scripts/pulumi config set --secret site:NAME`. Default: nothing.",
        ),
    }),
  )
  .default([])
  .describe(
    "Commands of your own on the machine. They cannot be read back, so they show no drift. What they print is shown only when they fail. They need a machine that is reached directly or by a jump host.",
  );

export type SiteCommandSettings = z.output<typeof siteCommands>;

/** What stands in the way of a stack's site commands. */
export function siteCommandChecks(
  commands: Legible<SiteCommandSettings>,
  machine: LegibleSections["machine"],
  /** Secrets of the `site` namespace, and whether each is encrypted. */
  secrets: ReadonlyMap<string, boolean>,
): Check[] {
  const found: Check[] = [];
  const way = machine && commandWay(machine);
  if (commands.length > 0 && way) {
    const message = `site commands connect by themselves, and cannot use ${way}`;
    const instead = "access: { kind: public, cidrs: […] }, or a jump host; or leave siteCommands out";
    found.push(check(["siteCommands"], message, instead));
  }
  if (commands.length > 0 && machine?.kind === "existing") {
    found.push(...pinChecks(["machine", "hostKeys"], machine.hostKeys));
    if (machine.via?.kind === "jump") found.push(...pinChecks(["machine", "via", "hostKeys"], machine.via.hostKeys));
  }
  for (const [index, { name, stdin } = {}] of commands.entries()) {
    if (name !== undefined && commands.findIndex((other) => other?.name === name) !== index) {
      found.push(check(["siteCommands", index, "name"], `there are two site commands ${name}`, `${name}-${index + 1}`));
    }
    if (stdin === undefined || secrets.get(stdin)) continue;
    const message = secrets.has(stdin)
      ? `the secret ${siteNamespace}:${stdin} stands in clear in the stack file`
      : `there is no secret ${siteNamespace}:${stdin}`;
    const instead = `scripts/pulumi config set --secret ${siteNamespace}:${stdin}`;
    found.push(check(["siteCommands", index, "stdin"], message, instead));
  }
  return found;
}

function pinChecks(path: readonly string[], hostKeys: Legible<readonly string[]> = []): Check[] {
  // One that cannot be read may be another one.
  if (hostKeys.length === 0 || hostKeys.some((key) => !key?.trim().startsWith("ssh-rsa "))) return [];
  const message =
    "site commands cannot check an RSA host key: their provider wants signatures that OpenSSH has not made since 8.8";
  const instead =
    "also the machine's ssh-ed25519 line, which scripts/doctor --host-key prints; or leave siteCommands out";
  return [check(path, message, instead)];
}

function commandWay(machine: NonNullable<LegibleSections["machine"]>): string | undefined {
  if (machine.kind === "aws" || machine.kind === "gcp") {
    const access = machine.access?.kind;
    return access === undefined || access === "public" ? undefined : `machine.access ${access}`;
  }
  return machine.kind === "existing" && machine.via?.kind === "command" ? "a machine.via of kind command" : undefined;
}
