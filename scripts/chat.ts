import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { argv } from "../host/command.ts";
import { turn } from "../host/runtimes/turn.ts";
import { findChosen, sandboxCommand } from "./chosen-sandbox.ts";
import { connect, ExitError, runScript } from "./stack-command.ts";
import { plainText, printableLines } from "./terminal-text.ts";

interface Options {
  readonly stack: string;
  readonly session: string;
  readonly json?: boolean;
  readonly timeout: string;
}

interface Reply {
  readonly text?: string;
  readonly model?: string;
  readonly sessionId?: string;
  readonly error?: { readonly kind: string; readonly message: string };
}

const program = sandboxCommand("chat", "One turn with the agent, without Telegram; also tells whether all of it works.")
  .argument("[message...]", "what to say; standard input where there is none")
  .option("--session <key>", "which conversation to go on with", "chat")
  .option("--timeout <seconds>", "how long to wait for the answer", "300")
  .option("--json", "print {text, model, sessionId}")
  .addHelpText("after", "\nA message may begin with a dash; one that looks like an option goes after --.")
  .allowUnknownOption();

// A word of its own, as options are; what has a blank in it, or a digit after the dash, is somebody's sentence.
const looksLikeOption = /^--?[a-z][\w-]*(=.*)?$/is;

await runScript(async () => {
  program.parse();
  const { stack, session, json, timeout } = program.opts<Options>();
  const literal = process.argv.includes("--") ? process.argv.slice(process.argv.indexOf("--") + 1) : [];
  const mistyped = program.args.find((word) => looksLikeOption.test(word) && !literal.includes(word));
  if (mistyped)
    throw new ExitError(`unknown option ${mistyped}\n  try   scripts/chat -- "${mistyped}"     to say it`, 64);
  const message = program.args.join(" ") || (process.stdin.isTTY ? "" : await text(process.stdin));
  if (!message.trim()) throw new ExitError('scripts/chat needs a message: scripts/chat "What can you do?"', 64);
  const timeoutSeconds = Number(timeout);
  if (!(timeoutSeconds > 0)) throw new ExitError(`--timeout takes a number of seconds, not ${timeout}`, 64);

  const standing = await findChosen(program);
  const host = await connect(standing);
  const { argv: words } = turn(standing.sandbox, session);
  const answer = await host.run(argv("one turn with the agent", words, { stdin: message, timeoutSeconds }));
  const reply = parseReply(answer.stdout);
  if (!reply || reply.error || reply.text === undefined) {
    const said = reply?.error
      ? `${reply.error.kind}: ${reply.error.message}`
      : answer.stderr.trim() || answer.stdout.trim();
    throw new ExitError(
      `The agent did not answer on ${standing.machine.address}\n  said  ${said}\n  try   scripts/status -s ${stack}`,
      1,
    );
  }
  if (json) console.log(JSON.stringify(reply));
  else {
    console.log(printableLines(stripVTControlCharacters(reply.text)));
    console.error(plainText(`(${reply.model ?? "model unknown"})`));
  }
  return 0;
});

function parseReply(stdout: string): Reply | undefined {
  try {
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Reply;
  } catch {
    return undefined;
  }
}
