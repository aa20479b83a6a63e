import { setTimeout as sleep } from "node:timers/promises";
import { disconnectFrom } from "../host/pool.ts";
import { type Engine, findEngine } from "./engine-choice.ts";
import { endWithReader } from "./reader-gone.ts";
import { connect, findStandings, runScript, stackCommand } from "./stack-command.ts";
import { readStackStatus, type StackStatus, stackScreen } from "./stack-status.ts";
import { watchStatus } from "./watch-status.ts";

const everySeconds = 5;

const program = stackCommand(
  "status",
  "What stands of a stack's environment and what is not as it should be, on one screen.",
)
  .option("--watch", `again every ${everySeconds} seconds, until Ctrl-C`)
  .option("--json", "print it as JSON; with --watch one object a line")
  .addHelpText(
    "after",
    `
Everything is asked on the machine at this moment, but for what the policy did when it was tried: that is of the last time the
sandbox was made. An environment that is stopped on purpose is no fault; what runs of it nevertheless is one, and so is drift.
A watch shows what it cannot look at in the place of the screen and goes on; only a first look that fails ends it, unless the
machine just does not answer. Of a stack that has several sandboxes each is shown; the JSON then has them in "sandboxes", and all
faults above them.

Exit codes: 0 all well or stopped on purpose, 1 a fault, 64 usage, 130 cancelled.`,
  );

await runScript(async () => {
  program.parse();
  const { stack, watch, json } = program.opts<{ stack: string; watch?: boolean; json?: boolean }>();
  const engine = await findEngine();
  if (!watch) {
    const status = await look(engine, stack);
    console.log(json ? JSON.stringify({ stack, ...status }, null, 2) : stackScreen(stack, status));
    return status.faults.length > 0 ? 1 : 0;
  }
  endWithReader();
  return watchStatus({
    stack,
    json,
    look: () => look(engine, stack),
    // From the top of an empty screen, where there is one.
    show: (text) => console.log(process.stdout.isTTY && !json ? `\x1b[H\x1b[2J${text}` : text),
    pause: () => sleep(everySeconds * 1000),
  });
});

/**
 * Answers are kept with a connection, so each look has one of its own; a machine that rebooted is found again, too. So is the
 * state read anew: somebody's `up` in the meantime is no fault.
 */
async function look(engine: Engine, stack: string): Promise<StackStatus> {
  const standings = await findStandings(stack, engine);
  try {
    return await readStackStatus(stack, standings, (standing) => connect(standing));
  } finally {
    await Promise.all(standings.map(({ machine }) => disconnectFrom(machine)));
  }
}
