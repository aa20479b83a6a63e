import { describeStopped } from "../host/stopped.ts";
import { failuresIn, inEachSandbox } from "./each-sandbox.ts";
import { takeUp } from "./environment-power.ts";
import { connectToOurs, findStandings, runScript, stackCommand } from "./stack-command.ts";
import { recordInState } from "./state-record.ts";

const program = stackCommand("start", "Takes a stack's environment up again that scripts/stop took down.").addHelpText(
  "after",
  `
It ends when the agent answers and Telegram has been reached. What was changed meanwhile is in force then. Of a stack that has several
sandboxes all are taken up.

Exit codes: 0 up, 1 error, 64 usage, 130 cancelled.`,
);

await runScript(async () => {
  program.parse();
  const { stack } = program.opts<{ stack: string }>();
  const standings = await findStandings(stack);
  const outcomes = await inEachSandbox(stack, standings, async (standing, who) =>
    takeUp(await connectToOurs(standing), standing, (stopped) =>
      console.error(stopped ? `${who} was ${describeStopped(stopped)}` : `${who} was not stopped on purpose`),
    ),
  );
  const up = outcomes.filter((one) => "did" in one);
  for (const { who } of up) console.log(`${who} is up`);
  const failures = failuresIn(outcomes);
  for (const failure of failures) console.error(failure);
  if (up.length === 0) return 1;
  const problem = await recordInState(
    stack,
    up.map(({ standing }) => standing),
  );
  if (problem) console.error(problem);
  return problem || failures.length > 0 ? 1 : 0;
});
