import { startUnits } from "../host/steps/unit-power.ts";
import { describeStopped, stoppedFacts, unmarkStopped } from "../host/stopped.ts";
import { doorUnits } from "./environment-units.ts";
import { connectToOurs, findStanding, runScript, stackCommand } from "./stack-command.ts";
import { recordInState } from "./state-record.ts";

const program = stackCommand("start", "Takes a stack's environment up again that scripts/stop took down.").addHelpText(
  "after",
  `
It ends when the agent answers and Telegram has been reached. What was changed meanwhile is in force then.

Exit codes: 0 up, 1 error, 64 usage, 130 cancelled.`,
);

await runScript(async () => {
  program.parse();
  const { stack } = program.opts<{ stack: string }>();
  const standing = await findStanding(stack);
  const { sandbox } = standing;
  const host = await connectToOurs(standing);
  const stopped = await host.look(stoppedFacts(sandbox));
  const doors = Object.values(doorUnits(standing));
  console.error(stopped ? `${stack} was ${describeStopped(stopped)}` : `${stack} was not stopped on purpose`);
  await host.apply(`start ${sandbox}`, [
    ...(stopped ? [unmarkStopped(sandbox)] : []),
    ...standing.runtime.operations.power(sandbox, standing.machine.owner).up,
    ...(doors.length > 0 ? [startUnits(doors, "see what it says: scripts/logs bridge, scripts/logs tunnel")] : []),
  ]);
  console.log(`${stack} is up`);
  const problem = await recordInState(stack, standing);
  if (problem) console.error(problem);
  return problem ? 1 : 0;
});
