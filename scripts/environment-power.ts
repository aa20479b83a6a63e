import type { Host } from "../host/host.ts";
import { whoami } from "../host/operator-lock.ts";
import { ensure, planned } from "../host/step.ts";
import { startUnits, stopUnits } from "../host/steps/unit-power.ts";
import { markStopped, type Stopped, stoppedFacts, unmarkStopped } from "../host/stopped.ts";
import { doorUnits } from "./environment-units.ts";
import type { Standing } from "./stack-command.ts";

/** Takes a sandbox and all in front of it down, and marks it as stopped on purpose. @param say takes what went another way than usual */
export async function takeDown(
  host: Host,
  standing: Standing,
  say: (remark: string) => void,
  why?: string,
): Promise<{ readonly stopped: Stopped; readonly already: boolean }> {
  const { sandbox, machine, runtime } = standing;
  const before = await host.look(stoppedFacts(sandbox));
  const stopped: Stopped = before ?? { by: whoami(), since: new Date().toISOString(), why };
  const doors = Object.values(doorUnits(standing)).reverse();
  // First the mark, so that whatever is cut short after it does not come back; what is asked then may take its time to answer.
  await host.apply(`stop ${sandbox}`, [
    ...(before ? [] : [markStopped(sandbox, stopped)]),
    ...(doors.length > 0 ? [stopUnits(doors)] : []),
  ]);
  await ensure(host, runtime.operations.power(sandbox, machine.owner).down, say);
  return { stopped, already: before !== undefined };
}

/**
 * Takes them up again.
 *
 * @param tell takes who had stopped it, before anything is started
 * @param say takes what goes another way than usual
 */
export async function takeUp(
  host: Host,
  standing: Standing,
  tell: (stopped: Stopped | undefined) => void,
  say: (remark: string) => void,
): Promise<void> {
  const { sandbox, machine, runtime } = standing;
  const stopped = await host.look(stoppedFacts(sandbox));
  const doors = Object.values(doorUnits(standing));
  tell(stopped);
  const up = await planned(host, runtime.operations.power(sandbox, machine.owner).up, say);
  await host.apply(`start ${sandbox}`, [
    ...(stopped ? [unmarkStopped(sandbox)] : []),
    ...up,
    ...(doors.length > 0 ? [startUnits(doors, "see what it says: scripts/logs bridge, scripts/logs tunnel")] : []),
  ]);
}
