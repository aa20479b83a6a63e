import { Connection } from "../host/connection.ts";
import { describeStopped, stoppedFacts } from "../host/stopped.ts";
import { findChosen, sandboxCommand } from "./chosen-sandbox.ts";
import { runInTerminal, runRemotely } from "./remote-program.ts";
import { connectToOurs, ExitError, runScript } from "./stack-command.ts";

const program = sandboxCommand(
  "shell",
  "A shell inside a stack's sandbox: as the agent, under its policy and its limits.",
)
  .argument("[command...]", "run this instead, after --, and end with its exit code; no shell reads it")
  .option("-t, --terminal", "give the command this terminal, which a shell has anyway")
  .addHelpText(
    "after",
    `
  scripts/shell
  scripts/shell -- curl -sS https://example.com/
  scripts/shell -- tar -c . | tar -t

Without a command and without a terminal the shell reads its commands from standard input. What is not given inside, such as
root or another way out, is not given here either; scripts/logs denials shows what was refused.

Exit codes: the command's own; 125 when nothing could be run inside; 1 error, 64 usage, 130 interrupted.`,
  );

const shell = [
  "/bin/sh",
  "-c",
  "HISTFILE=/dev/null; export HISTFILE; command -v bash >/dev/null && exec bash; exec sh",
];

await runScript(async () => {
  program.parse();
  const { stack, terminal } = program.opts<{ stack: string; terminal?: boolean }>();
  const here = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (terminal && !here) throw new ExitError("scripts/shell --terminal needs a terminal: this is none", 64);
  const inTerminal = here && (terminal === true || program.args.length === 0);

  const standing = await findChosen(program);
  const { machine, sandbox } = standing;
  const stopped = await (await connectToOurs(standing)).look(stoppedFacts(sandbox));
  if (stopped) {
    throw new ExitError(`${stack} is ${describeStopped(stopped)}\n  try   scripts/start -s ${stack}`, 1);
  }
  const command = program.args.length > 0 ? program.args : shell;
  const argv = standing.runtime.operations.attach(sandbox, command, inTerminal);
  const connection = await Connection.open(machine, { connectSeconds: 30, log: (line) => console.error(line) });
  try {
    return await (inTerminal ? runInTerminal : runRemotely)({ connection, user: machine.user, argv });
  } finally {
    await connection.close();
  }
});
