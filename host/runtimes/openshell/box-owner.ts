import { createHash } from "node:crypto";
import { HostError } from "../../errors.ts";
import type { Owner } from "../../machine.ts";
import type { SandboxSpec } from "../runtime.ts";
import { shown } from "./cli.ts";
import type { BoxFacts } from "./sandbox-facts.ts";

type There = Extract<BoxFacts, { kind: "there" }>;

/** Labels that say whose a sandbox is. The gateway refuses most characters in a label, so the owner is a hash. */
export function ownerLabels({ project, stack, installation }: Owner): Record<string, string> {
  const hash = createHash("sha256")
    .update(JSON.stringify([project, stack, installation]))
    .digest("hex");
  return {
    "nemoclaw.owner": hash.slice(0, 32),
    "nemoclaw.stack": stack.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, 63),
  };
}

/** Whether a sandbox is this owner's. */
export function isOurs({ labels }: There, owner: Owner): boolean {
  return labels["nemoclaw.owner"] === ownerLabels(owner)["nemoclaw.owner"];
}

/** @throws HostError of kind `foreign` for a sandbox that another owner, or a person, made */
export function mustBeOurs(now: There, { sandbox, owner }: Pick<SandboxSpec, "sandbox" | "owner">): void {
  if (isOurs(now, owner)) return;
  const stack = now.labels["nemoclaw.stack"];
  throw new HostError("foreign", {
    summary: `this machine's OpenShell has a sandbox ${sandbox} ${stack ? `of stack ${stack}` : "that this package did not make"}; it was not touched`,
    ran: shown("sandbox", "get", sandbox),
    try: `if nobody needs it: openshell sandbox delete ${sandbox}; then run \`up\` again`,
  });
}
