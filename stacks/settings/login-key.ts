import type { Fault } from "../../policies/fault.ts";
import { publicHalf } from "./public-half.ts";
import { needSecret } from "./secrets.ts";
import type { Sections } from "./sections.ts";

/** What is wrong with the key that the stack is to log in to its machine with: its private half is a secret, its public one a setting. */
export function loginKeyFaults(raw: Readonly<Record<string, unknown>>, machine: Sections["machine"]): Fault[] {
  if (machine.kind === "existing") {
    if ((machine as { agentSocket?: string }).agentSocket !== undefined) return [];
    return needSecret(raw, "sshPrivateKey", "machine.kind existing, without an agentSocket,");
  }
  if (machine.kind === "local") return [];
  const { sshPrivateKey } = raw;
  const { authorizedKey } = machine;
  if (authorizedKey === undefined) return sshPrivateKey === undefined ? [] : [unused(machine.kind)];
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
