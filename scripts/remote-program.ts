import { spawnSync } from "node:child_process";
import { once } from "node:events";
import type { ClientChannel } from "ssh2";
import { quote } from "../host/command.ts";
import type { Connection } from "../host/connection.ts";
import { HostError } from "../host/errors.ts";
import { rootLine, rootShell } from "../host/root.ts";

/** A program on a machine, run as root on our own streams. */
export interface RemoteProgram {
  readonly connection: Connection;
  readonly user: string;
  readonly argv: readonly string[];
}

/**
 * Runs a program on a machine as if it were here: our input goes in, its output comes out as it writes it. An interrupt ends it
 * there, too.
 *
 * @returns its exit code, or 130 when it was interrupted
 */
export async function runRemotely({ connection, user, argv }: RemoteProgram): Promise<number> {
  // Its process id comes first, so that it can be ended by it: closing the channel alone would not.
  const script = `echo "$$" >&2; exec ${argv.map(quote).join(" ")}`;
  let [said, pid, interrupted] = ["", "", false];
  const channel = await connection.hold(rootLine(user, script), (opened) => {
    opened.stderr.on("data", (chunk: Buffer) => {
      if (pid !== "") return void process.stderr.write(chunk);
      said += chunk.toString("latin1");
      const [, number, rest = ""] = /^(\d+)\n([\s\S]*)$/.exec(said) ?? [];
      if (number !== undefined) pid = number;
      if (rest) process.stderr.write(Buffer.from(rest, "latin1"));
    });
    opened.pipe(process.stdout, { end: false });
    return opened;
  });
  const interrupt = () => {
    interrupted = true;
    if (pid) void connection.hold(rootShell(user), (end) => end.end(`kill ${pid}\n`));
    else channel.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  // Nobody reads what it writes any more, and it would wait for that for ever.
  process.stdout.once("error", () => {
    channel.resume();
    interrupt();
  });
  process.stdin.pipe(channel);
  const exitCode = await endOf(channel, connection, argv);
  if (pid === "" && said) process.stderr.write(said);
  return interrupted ? 130 : exitCode;
}

/** Runs a program on a machine in this terminal. @returns its exit code */
export async function runInTerminal({ connection, user, argv }: RemoteProgram): Promise<number> {
  const { stdin, stdout } = process;
  const size = () => ({ cols: stdout.columns || 80, rows: stdout.rows || 24 });
  const script = `exec ${argv.map(quote).join(" ")}`;
  const channel = await connection.hold(
    rootLine(user, script),
    (opened) => {
      opened.pipe(stdout, { end: false });
      return opened;
    },
    { term: process.env.TERM || "xterm", ...size() },
  );
  stdout.on("resize", () => channel.setWindow(size().rows, size().cols, 0, 0));
  stdin.setRawMode(true);
  // The terminal there ends lines for people already; Node leaves this on.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  stdin.pipe(channel);
  try {
    return await endOf(channel, connection, argv);
  } finally {
    stdin.setRawMode(false);
  }
}

async function endOf(channel: ClientChannel, connection: Connection, argv: readonly string[]): Promise<number> {
  let exitCode: number | undefined;
  channel.on("exit", (code: number | null) => {
    exitCode = code ?? 255;
  });
  // It may end without reading all of its input.
  channel.on("error", () => {});
  await once(channel, "close");
  process.stdin.unpipe(channel);
  process.stdin.destroy();
  if (exitCode !== undefined) return exitCode;
  throw new HostError("unreachable", {
    summary: `the connection to ${connection.where} was lost`,
    ran: argv.join(" "),
  });
}
