import { HostError } from "../../errors.ts";
import type { Owner } from "../../machine.ts";
import type { Step } from "../../step.ts";
import { sha256 } from "../../steps/file-facts.ts";
import type { SandboxSpec } from "../runtime.ts";
import { shown } from "./cli.ts";
import { removedWithoutGateway } from "./gateway-gone.ts";
import { type BoxFacts, boxFacts } from "./sandbox-facts.ts";

type There = Extract<BoxFacts, { kind: "there" }>;

/** A sandbox's name, and who may have it. */
export type Whose = Pick<SandboxSpec, "sandbox" | "owner">;

const ownerLabel = "nemoclaw.owner";

/** The label with the short name of all that is fixed when a sandbox is made. */
export const recipeLabel = "nemoclaw.recipe";

/** Labels that say whose a sandbox is. The gateway refuses most characters in a label, so the owner is a hash. */
export function ownerLabels({ project, stack, installation }: Owner): Record<string, string> {
  return {
    [ownerLabel]: ownerHash({ project, stack, installation }),
    "nemoclaw.stack": stack.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, 63),
  };
}

function ownerHash({ project, stack, installation }: Owner): string {
  return sha256(JSON.stringify([project, stack, installation])).slice(0, 32);
}

/** A pattern of grep's that finds an owner's label in the answer to `openshell sandbox get NAME -o json`. */
export function ownerPattern(owner: Owner): string {
  return `"${ownerLabel}": *"${ownerHash(owner)}"`;
}

/** Whether a sandbox is this owner's. */
export function isOurs({ labels }: Pick<There, "labels">, owner: Owner): boolean {
  return labels[ownerLabel] === ownerHash(owner);
}

/** Whether somebody else's sandbox has the name. */
export function isForeign(now: BoxFacts, owner: Owner): boolean {
  return now.kind === "there" && !isOurs(now, owner);
}

/** Says whose a foreign sandbox is, as far as it tells. */
export function describeForeign({ labels }: Pick<There, "labels">, sandbox: string): string {
  const stack = labels["nemoclaw.stack"];
  return `this machine's OpenShell has a sandbox ${sandbox} ${stack ? `of stack ${stack}` : "that this package did not make"}`;
}

/** @throws HostError of kind `foreign` for a sandbox that another owner, or a person, made */
export function mustBeOurs(now: BoxFacts, { sandbox, owner }: Whose): void {
  if (now.kind !== "there" || isOurs(now, owner)) return;
  throw new HostError("foreign", {
    summary: `${describeForeign(now, sandbox)}; it was not touched`,
    ran: shown("sandbox", "get", sandbox),
    try: `if nobody needs it: openshell sandbox delete ${sandbox}; then run \`up --refresh\``,
  });
}

/**
 * Nobody else's sandbox has the name; that there is one is not asked for. It changes nothing.
 *
 * @throws HostError of kind `foreign` from its plan
 */
export function requireOurs(whose: Whose): Step<BoxFacts> {
  return {
    name: `nobody else's sandbox ${whose.sandbox}`,
    facts: boxFacts(whose.sandbox),
    plan(now) {
      mustBeOurs(now, whose);
      return [];
    },
  };
}

/** What is to be said of a removal that finds no gateway, or somebody else's sandbox under the name. */
export function removalRemarks(now: BoxFacts, { sandbox, owner }: Whose, instead: string): string[] {
  if (now.kind === "unreachable") return [removedWithoutGateway(instead)];
  if (now.kind !== "there" || isOurs(now, owner)) return [];
  return [`${describeForeign(now, sandbox)}; it was left as it is`];
}
