import { spawn } from "node:child_process";

/** One turn of the agent. */
export interface TurnRequest {
  /** The program and its arguments; `{session}` in them becomes the session key. No shell reads them. */
  readonly argv: readonly string[];
  readonly session: string;
  /** Goes to standard input, byte for byte. */
  readonly message: string;
  readonly timeoutSeconds: number;
  /** Ends the turn's processes. */
  readonly signal: AbortSignal;
}

export type TurnResult =
  | { readonly text: string; readonly model?: string }
  | { readonly error: { readonly kind: string; readonly message: string } };

const largestReplyBytes = 4 * 1024 * 1024;

/** Runs one turn and gives its answer or the reason why there is none; it never throws. */
export function runTurn({ argv, session, message, timeoutSeconds, signal }: TurnRequest): Promise<TurnResult> {
  const [program = "", ...args] = argv.map((word) => word.replaceAll("{session}", session));
  return new Promise((resolve) => {
    // A group of its own, so that what the program starts ends with it; and none of our environment, where the token's folder is.
    const child = spawn(program, args, { env: environment(), detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytes = 0;
    let stopped: string | undefined;

    const stop = (why: string) => {
      stopped ??= why;
      endGroup(child.pid);
    };
    const abort = () => stop("stopped");
    const timer = setTimeout(() => stop("timeout"), timeoutSeconds * 1000);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();

    const settle = (result: TurnResult) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(result);
    };
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > largestReplyBytes) stop("too-long");
      else into.push(chunk);
    };

    child.stdout.on("data", keep(stdout));
    child.stderr.on("data", keep(stderr));
    // A program that ends before it has read everything is judged by its reply, not by the broken pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(message);
    child.once("error", (error) => settle(failure("start", `${program} cannot be started: ${error.message}`)));
    child.once("close", (code, killed) => {
      if (stopped === "timeout") settle(failure("timeout", `no answer within ${timeoutSeconds} s`));
      else if (stopped !== undefined) settle(failure(stopped, `the turn was ended (${stopped})`));
      else settle(read(Buffer.concat(stdout).toString("utf8"), Buffer.concat(stderr).toString("utf8"), code ?? killed));
    });
  });
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR };
}

// SIGKILL at once: a turn client holds nothing but a connection, and one that ignores SIGTERM would hold up the whole chat.
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself in the meantime.
  }
}

function read(stdout: string, stderr: string, ended: number | NodeJS.Signals | null): TurnResult {
  const reply = lastJson(stdout);
  if (ended === 0 && typeof reply?.text === "string") {
    return { text: reply.text, model: typeof reply.model === "string" ? reply.model : undefined };
  }
  const error = reply?.error as { kind?: unknown; message?: unknown } | undefined;
  if (typeof error?.message === "string") return failure(String(error.kind ?? "turn"), error.message);
  return failure("reply", `no reply that can be read (ended with ${ended}): ${stderr.trim().slice(-300)}`);
}

function lastJson(stdout: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function failure(kind: string, message: string): TurnResult {
  return { error: { kind, message } };
}
