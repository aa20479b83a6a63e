import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import type { ReadStream } from "node:tty";
import { parseArgs } from "node:util";
import { parseLine, readLines } from "./lines.ts";
import { reason } from "./log.ts";
import { socketPath } from "./paths.ts";
import { mostLineBytes, mostUnread } from "./protocol.ts";

// session.mjs --sandbox main [--terminal] -- PROGRAM [ARGUMENT…]: runs a program inside on our own streams, and ends as it does.
const options = {
  sandbox: { type: "string", default: "main" },
  terminal: { type: "boolean", default: false },
} as const;
const pieceBytes = 32 * 1024;

function run(): Promise<number> {
  const { values, positionals: argv } = parseArgs({ options, allowPositionals: true });
  if (argv.length === 0) throw new Error("what to run inside? session.mjs --sandbox NAME -- PROGRAM [ARGUMENT…]");
  const { stdin, stdout, stderr } = process;
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const unit = `nemoclaw-sandbox@${values.sandbox}`;
  const socket = connect(socketPath(values.sandbox, "control"));
  const say = (message: object) => socket.write(`${JSON.stringify(message)}\n`);

  return new Promise<number>((resolve, reject) => {
    socket.once("error", ({ message }) => reject(new Error(`${unit} does not answer: ${message}`)));
    socket.once("close", () => reject(new Error(`${unit} closed the connection: the sandbox has ended`)));
    // Who reads us has gone, and so do we; the program inside hears of it.
    for (const stream of [stdout, stderr]) stream.on("error", () => reject(new Error("nobody reads its output")));
    say({
      op: "open",
      argv,
      ...(values.terminal ? { terminal: { name: process.env.TERM || "xterm", ...size() } } : {}),
    });

    if (values.terminal && stdin.isTTY) makeRaw(stdin);
    stdout.on("resize", () => say({ resize: size() }));
    stdin.on("data", (chunk: Buffer) => {
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        say({ input: chunk.subarray(from, from + pieceBytes).toString("base64") });
      }
      if (socket.writableLength > mostUnread) stdin.pause();
    });
    socket.on("drain", () => stdin.resume());
    stdin.once("end", () => say({ end: true }));
    stdin.on("error", () => say({ end: true }));

    readLines(socket, 2 * mostLineBytes, {
      line(text) {
        const { output, data, exitCode, error } = parseLine(text) ?? {};
        if (typeof exitCode === "number") return resolve(exitCode);
        if (error !== undefined) return reject(new Error(String((error as { message?: unknown }).message)));
        const stream = output === "stderr" ? stderr : stdout;
        if (typeof data !== "string" || stream.write(Buffer.from(data, "base64"))) return;
        socket.pause();
        stream.once("drain", () => socket.resume());
      },
    });
  }).finally(() => socket.destroy());
}

function makeRaw(terminal: ReadStream): void {
  terminal.setRawMode(true);
  // The terminal inside ends lines for people already; Node leaves this on.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
}

async function ended(): Promise<number> {
  try {
    return await run();
  } catch (error) {
    console.error(`inside: ${reason(error)}`);
    // As env and docker do for what could not be run at all, so that it is not taken for the program's own failure.
    return 125;
  }
}

process.exitCode = await ended();
if (process.stdin.isTTY) process.stdin.setRawMode(false);
// What is still to be written is written before the process ends by itself.
process.stdin.destroy();
for (const stream of [process.stdout, process.stderr]) stream.write("", () => {});
setTimeout(() => process.exit(), 5000).unref();
