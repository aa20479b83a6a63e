import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A program that runs, at most for as long as the block that uses it. */
export interface Watched extends AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** All that it has printed so far. */
  output(): string;
  /** Resolves when something was printed, or the program ended without it. */
  printed(pattern: RegExp): Promise<boolean>;
  /** Sends a signal to the program alone, or to its whole group where it has one of its own. */
  kill(signal: NodeJS.Signals, whom?: "group" | "alone"): void;
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** As a terminal or a CI system starts it: the leader of a process group. */
  readonly ownGroup?: boolean;
  /** Called whenever it prints something, and when it ends. */
  readonly heard?: () => void;
}

/** Starts a program whose output is looked at while it runs. */
export function watchProgram(
  [program = "", ...args]: readonly string[],
  { cwd, env, ownGroup = false, heard = () => {} }: Surroundings = {},
): Watched {
  const child = spawn(program, args, { cwd, env, detached: ownGroup, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      heard();
      output += text;
    });
  }
  let over = false;
  const exited = new Promise<void>((done) => child.on("exit", () => done(heard())));
  const ended = new Promise<Ended>((done) =>
    child.on("close", (exitCode, signal) => {
      over = true;
      done({ exitCode, signal, output });
    }),
  );
  const { pid = 0 } = child;
  return {
    pid,
    ended,
    output: () => output,
    async printed(pattern) {
      while (!pattern.test(output) && !over) await sleep(20);
      return pattern.test(output);
    },
    kill(signal, whom = "alone") {
      if (whom === "group") process.kill(-pid, signal);
      else child.kill(signal);
    },
    async [Symbol.asyncDispose]() {
      if (over) return;
      // First as a person would, so that what it has started ends with it.
      child.kill("SIGINT");
      const slow = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exited;
      clearTimeout(slow);
    },
  };
}
