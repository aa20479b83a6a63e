import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { ExecAnswer } from "../protocol.ts";

const mostOutputBytes = 512 * 1024;

export interface Execution {
  /** No shell reads it. */
  readonly argv: readonly string[];
  readonly timeoutSeconds: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
}

/** Runs one program to its end, or to its deadline, after which its exit code is 124. It reads an empty standard input. */
export function execute({ argv, timeoutSeconds, environment, folder }: Execution): Promise<ExecAnswer> {
  const [program = "", ...args] = argv;
  return new Promise((resolve) => {
    // A group of its own, so that what the program started ends with it.
    const child = spawn(program, args, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, timeoutSeconds * 1000);

    const settle = (exitCode: number, more = "") => {
      clearTimeout(timer);
      const [out, err] = [stdout(), stderr()];
      resolve({ exitCode, stdout: out.text, stderr: err.text + more, truncated: out.truncated || err.truncated });
    };
    child.once("error", ({ message }) => settle(127, message));
    child.once("close", (code, signal) => settle(late ? 124 : (code ?? signalled(signal))));
    // Something it left behind may hold the pipes open for ever; its own end is what counts.
    child.once("exit", () => setTimeout(() => endGroup(child.pid), 1000).unref());
  });
}

/** The exit code of a program that a signal ended, as shells number it. */
export function signalled(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + (constants.signals[signal] ?? 0);
}

function collect(stream: NodeJS.ReadableStream): () => { text: string; truncated: boolean } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < mostOutputBytes) chunks.push(chunk.subarray(0, mostOutputBytes - bytes));
    bytes += chunk.length;
  });
  return () => ({ text: Buffer.concat(chunks).toString("utf8"), truncated: bytes > mostOutputBytes });
}

/** Sends a signal to a program and all that it started. */
export function endGroup(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}
