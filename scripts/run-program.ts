import { type ChildProcess, spawn } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { HostError } from "../host/errors.ts";

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to standard input, which is then closed; this is how secrets travel. */
  readonly stdin?: string;
  /** Seconds before the program is stopped. @default no limit */
  readonly timeoutSeconds?: number;
  /** Gets every whole line of output as it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program and gives its exit code and output; never throws because of an exit code. A program that cannot be started
 * gives 127, one stopped at its limit 124, one ended by a signal 128 and the signal's number.
 *
 * @throws HostError `cancelled` when this process was interrupted meanwhile, however the program ended: its exit code says nothing
 * then, and nothing more is to be done
 */
export async function runProgram(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    const lines = lineSplitter(options.onLine);
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      lines.push(text);
    });
    child[name].on("end", lines.end);
  }
  // A program that ends without reading its input is no fault of ours.
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");

  const interrupts = forwardSignals(child);
  let timedOut = false;
  const limit = options.timeoutSeconds
    ? setTimeout(() => {
        timedOut = true;
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), 5000).unref();
      }, options.timeoutSeconds * 1000)
    : undefined;
  try {
    const exitCode = await new Promise<number>((done) => {
      child.on("error", (error) => {
        output.stderr += error.message;
        done(127);
      });
      child.on("close", (code, signal) => done(timedOut ? 124 : (code ?? signalExitCode(signal))));
    });
    await interrupts.stop();
    if (interrupts.seen) throw new HostError("cancelled", { summary: "Cancelled", ran: command.join(" ") });
    return { exitCode, ...output };
  } finally {
    clearTimeout(limit);
  }
}

/** Runs a program on this terminal, as if the person had typed it, and gives its exit code. */
export async function runInForeground(
  command: readonly string[],
  options: Omit<RunOptions, "onLine"> = {},
): Promise<number> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: "inherit" });
  const interrupts = forwardSignals(child);
  try {
    return await new Promise<number>((done, fail) => {
      child.on("error", fail);
      child.on("exit", (code, signal) => done(code ?? signalExitCode(signal)));
    });
  } finally {
    await interrupts.stop();
  }
}

interface Interrupts {
  /** Whether one came; known once it has stopped. */
  readonly seen: boolean;
  stop(): Promise<void>;
}

/** Hands interrupts on, and keeps this process alive to see how the program ends. */
function forwardSignals(child: ChildProcess): Interrupts {
  let seen = false;
  const forward = (signal: NodeJS.Signals) => {
    seen = true;
    // A terminal interrupts the program itself; a second interrupt would mean "at once" to it.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, forward);
  return {
    get seen() {
      return seen;
    },
    async stop() {
      // One that came while the program ended is told by the event loop only when it has polled again; without us it would be lost.
      await nextTurn();
      await nextTurn();
      for (const signal of signals) process.off(signal, forward);
    },
  };
}

function signalExitCode(signal: NodeJS.Signals | null): number {
  return signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 137;
}

function lineSplitter(onLine: ((line: string) => void) | undefined) {
  let rest = "";
  return {
    push(text: string) {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop() ?? "";
      if (onLine) for (const line of lines) onLine(line);
    },
    end() {
      if (rest && onLine) onLine(rest);
      rest = "";
    },
  };
}
