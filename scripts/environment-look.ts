import type { Host } from "../host/host.ts";
import { goneIn } from "./drift-look.ts";
import { driftFaults } from "./environment-faults.ts";
import type { SandboxStatus } from "./sandbox-status.ts";
import { type Standing, standingsIn } from "./stack-command.ts";
import type { StackState } from "./stack-state.ts";
import { readStackStatus, withSandbox } from "./stack-status.ts";
import { unfinishedFaults } from "./unfinished-update.ts";

/**
 * What is wrong with what a stack has made, in every sandbox of it, on its own machine. A sandbox that a refresh has found gone is
 * in the state no more, and nothing is there to be looked at: that is what is wrong.
 */
export async function lookAtEnvironment(
  stack: string,
  state: StackState,
  connect: (standing: Standing) => Promise<Host>,
): Promise<Pick<SandboxStatus, "faults" | "stopped">> {
  const [first, ...others] = standingsIn(state);
  if (!first) return { faults: [...driftFaults(stack, goneIn(state)), ...unfinishedFaults(stack, state)] };
  const status = await readStackStatus(stack, [first, ...others], connect);
  if (!("sandboxes" in status)) return status;
  return {
    faults: status.faults.map(withSandbox),
    // One that runs beside others that are stopped is no stopped environment.
    stopped: status.sandboxes.every(({ stopped }) => stopped) ? status.sandboxes[0]?.stopped : undefined,
  };
}
