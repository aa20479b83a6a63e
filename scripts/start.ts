import { describeStopped } from "../host/stopped.ts";
import { inEachSandbox, settle } from "./each-sandbox.ts";
import { takeUp } from "./environment-power.ts";
import { connectToOurs, findStandings, runScript, stackCommand } from "./stack-command.ts";
import { plainText } from "./terminal-text.ts";

const program = stackCommand("start", "Takes a stack's environment up again that scripts/stop took down.").addHelpText(
  "after",
  `
It ends when the agent answers and Telegram has been reached. What was changed meanwhile is in force then. Of a stack that has several
sandboxes all are taken up. An OpenShell gateway that has said nothing for a minute is restarted, and with it every sandbox of the
machine's; which those are is said.

Exit codes: 0 up, 1 error, 64 usage, 130 cancelled.`,
);

await runScript(async () => {
  program.parse();
  const { stack } = program.opts<{ stack: string }>();
  const say = (line: string) => console.error(plainText(line));
  const standings = await findStandings(stack);
  const outcomes = await inEachSandbox(stack, standings, async (standing, who) =>
    takeUp(
      await connectToOurs(standing),
      standing,
      (stopped) => say(stopped ? `${who} was ${describeStopped(stopped)}` : `${who} was not stopped on purpose`),
      (remark) => say(`${who}: ${remark}`),
    ),
  );
  for (const one of outcomes) if ("did" in one) console.log(`${one.who} is up`);
  return settle(stack, outcomes);
});
