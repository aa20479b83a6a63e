import type { Host } from "../host/host.ts";
import { goneIn } from "./drift-look.ts";
import { driftFaults } from "./environment-faults.ts";
import { readSandboxStatus, type SandboxStatus } from "./sandbox-status.ts";
import { standingsIn } from "./stack-command.ts";
import type { StackState } from "./stack-state.ts";
import { unfinishedFaults } from "./unfinished-update.ts";

/**
 * What is wrong with what a stack has made on its machine. A sandbox that a refresh has found gone is in the state no more, and
 * nothing is there to be looked at: that is what is wrong.
 */
export async function lookAtEnvironment(
  host: Host,
  stack: string,
  state: StackState,
): Promise<Pick<SandboxStatus, "faults" | "stopped">> {
  const [standing] = standingsIn(state);
  if (standing) return readSandboxStatus(host, stack, standing);
  return { faults: [...driftFaults(stack, goneIn(state)), ...unfinishedFaults(stack, state)] };
}
