import { whoami } from "../host/operator-lock.ts";
import { stopUnits } from "../host/steps/unit-power.ts";
import { describeStopped, markStopped, type Stopped, stoppedFacts } from "../host/stopped.ts";
import { doorUnits } from "./environment-units.ts";
import { connect, findStanding, runScript, stackCommand } from "./stack-command.ts";
import { recordInState } from "./state-record.ts";

const program = stackCommand("stop", "Takes a stack's environment down at once: bridge, tunnel, agent, gate and route.")
  .option("--why <text>", "what others are to read about it")
  .option("--json", "print {by, since, why}")
  .addHelpText(
    "after",
    `
The machine stays up, and everything on it. A mark on the machine says who stopped the environment, when and why: neither
scripts/pulumi up nor a reboot starts it then, scripts/status and the stack's output "stopped" show it, and changes are made
ready for the next start. scripts/start takes it up again.

Exit codes: 0 stopped, 1 error, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, why, json } = program.opts<{ stack: string; why?: string; json?: boolean }>();
  const standing = await findStanding(stack);
  const { sandbox } = standing;
  const host = await connect(standing);
  const before = await host.look(stoppedFacts(sandbox));
  const stopped: Stopped = before ?? { by: whoami(), since: new Date().toISOString(), why };
  const doors = Object.values(doorUnits(standing)).reverse();
  await host.apply(`stop ${sandbox}`, [
    // First, so that whatever is cut short after it does not come back.
    ...(before ? [] : [markStopped(sandbox, stopped)]),
    ...(doors.length > 0 ? [stopUnits(doors)] : []),
    ...standing.runtime.operations.power(sandbox, standing.machine.owner).down,
  ]);
  if (json) console.log(JSON.stringify(stopped));
  else console.log(`${stack} is ${before ? "already " : ""}${describeStopped(stopped)}`);
  const problem = await recordInState(stack, standing);
  console.error(problem ?? `Up again: scripts/start -s ${stack}`);
  return problem ? 1 : 0;
});
