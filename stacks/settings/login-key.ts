import type { Fault } from "../../policies/fault.ts";
import type { LegibleSections } from "./legible.ts";
import { publicHalf } from "./public-half.ts";
import { needSecret } from "./secrets.ts";

/** What is wrong with the key that the stack is to log in to its machine with: its private half is a secret, its public one a setting. */
export function loginKeyFaults(raw: Readonly<Record<string, unknown>>, machine: LegibleSections["machine"]): Fault[] {
  if (machine?.kind === "existing") {
    // One that is written counts, whatever is wrong with it.
    if ("agentSocket" in machine) return [];
    return needSecret(raw, "sshPrivateKey", "machine.kind existing, without an agentSocket,");
  }
  if (machine === undefined || machine.kind === "local") return [];
  const { sshPrivateKey } = raw;
  const { authorizedKey } = machine;
  if (authorizedKey === undefined) {
    return sshPrivateKey === undefined || "authorizedKey" in machine ? [] : [unused(machine.kind)];
  }
  const half = typeof sshPrivateKey === "string" ? publicHalf(sshPrivateKey) : undefined;
  if (half === undefined || half.split(" ")[1] === authorizedKey.trim().split(/\s+/)[1]) {
    return needSecret(raw, "sshPrivateKey", "machine.authorizedKey");
  }
  const message = "this is not the public half of the secret sshPrivateKey, so nobody could log in";
  return [{ path: "machine.authorizedKey", message, instead: half }];
}

function unused(kind: string): Fault {
  const message = `on ${kind} the secret sshPrivateKey is used only with machine.authorizedKey, its public half`;
  return {
    path: "sshPrivateKey",
    message,
    instead: "machine.authorizedKey: the content of its .pub file; or neither, and the stack makes a key",
  };
}
