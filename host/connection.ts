import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { Client, ClientChannel, PseudoTtyOptions } from "ssh2";
import { placeOf } from "./dial.ts";
import { HostError } from "./errors.ts";
import type { Machine } from "./machine.ts";
import { type ReachOptions, reach } from "./reach.ts";

/** What a remote command said and how it ended. A command ended by a signal has 128 plus the signal's usual number, or 255. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface ExecOptions {
  readonly stdin?: string | Uint8Array;
  /** Seconds from the command's start. @default none */
  readonly timeoutSeconds?: number;
  readonly onOutput?: (chunk: string, stream: "stdout" | "stderr") => void;
  readonly signal?: AbortSignal;
  /** Ends the command on the machine when it is cancelled or late: closing its channel, which comes next, need not. */
  readonly stop?: () => Promise<unknown>;
}

/** sshd's MaxSessions is 10; one each is kept for the operator lock, for looking, and for stopping a command. */
const sessions = 7;

/** One authenticated SSH connection, whose commands share it on channels. */
export class Connection {
  readonly where: string;
  readonly #client: Client;
  readonly #queue = pLimit(sessions);
  #closed = false;

  constructor(client: Client, where: string) {
    this.#client = client;
    this.where = where;
    client.once("close", () => {
      this.#closed = true;
    });
  }

  /**
   * @throws HostError of kind `unreachable`, `host-key`, `auth` or `cancelled`
   */
  static async open(machine: Machine, options: ReachOptions = {}): Promise<Connection> {
    return new Connection(await reach(machine, options), placeOf(machine));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the connection, and whatever waits on it. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const gone = once(this.#client, "close");
    this.#client.end();
    await Promise.race([gone, sleep(2000, undefined, { ref: false })]);
    this.#client.destroy();
  }

  /**
   * Runs a command line through the user's login shell, when one of the connection's sessions is free.
   *
   * @throws HostError of kind `unreachable` when the connection is lost, `timeout` or `cancelled`
   */
  async exec(line: string, options: ExecOptions = {}): Promise<ExecResult> {
    for (;;) {
      const result = await this.#queue(async () => {
        if (options.signal?.aborted) throw this.#error("cancelled", "was cancelled before it ran", line);
        const opened = await this.#open(line, (channel) => ({ result: this.#collect(channel, line, options) })).catch(
          (error: unknown) => {
            if (this.#makeDo()) return "full" as const;
            throw error;
          },
        );
        return opened === "full" ? opened : opened.result;
      });
      if (result !== "full") return result;
    }
  }

  /**
   * Runs a command outside the queue, for a channel that stays open or must not wait behind what it is to end. `attach` is
   * called before anything of the channel is lost. With `pty` the command has a terminal of this kind and size.
   */
  hold<T>(line: string, attach: (channel: ClientChannel) => T, pty?: PseudoTtyOptions): Promise<T> {
    return this.#open(line, attach, pty);
  }

  // A machine may allow fewer sessions than sshd's default: what runs has to end first.
  #makeDo(): boolean {
    const others = this.#queue.activeCount - 1;
    if (this.#closed || others < 1) return false;
    this.#queue.concurrency = others;
    return true;
  }

  // Listeners are put on in ssh2's own callback: a short command's exit comes in the same packet as the channel's opening.
  #open<T>(line: string, attach: (channel: ClientChannel) => T, pty?: PseudoTtyOptions): Promise<T> {
    if (this.#closed) return Promise.reject(this.#lost(line));
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) => reject(this.#closed ? this.#lost(line, cause) : this.#refused(line, cause));
      try {
        this.#client.exec(line, pty ? { pty } : {}, (cause, channel) =>
          cause ? fail(cause) : resolve(attach(channel)),
        );
      } catch (cause) {
        // ssh2 throws when the connection ended between two events.
        reject(this.#lost(line, cause));
      }
    });
  }

  #collect(channel: ClientChannel, line: string, options: ExecOptions): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      const out = { stdout: "", stderr: "" };
      let exitCode: number | undefined;
      let stopped: HostError | undefined;
      for (const stream of ["stdout", "stderr"] as const) {
        const source = channel[stream];
        source.setEncoding("utf8");
        source.on("data", (chunk: string) => {
          out[stream] += chunk;
          options.onOutput?.(chunk, stream);
        });
      }
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", abort);
        finish();
      };
      const stop = async (error: HostError) => {
        stopped = error;
        settle(() => {});
        try {
          await options.stop?.();
        } catch {
          // The connection is gone too; the first error is the one that tells.
        }
        channel.close();
        reject(error);
      };
      const abort = () => void stop(this.#error("cancelled", "was cancelled and stopped", line));
      const late = () =>
        void stop(this.#error("timeout", `did not end within ${options.timeoutSeconds} s and was stopped`, line));
      const timer = options.timeoutSeconds ? setTimeout(late, options.timeoutSeconds * 1000) : undefined;
      options.signal?.addEventListener("abort", abort, { once: true });

      channel.on("exit", (code: number | null, signal?: string) => {
        exitCode = code ?? 128 + (signalNumbers[signal ?? ""] ?? 127);
      });
      channel.once("close", () => {
        settle(() => {
          if (stopped) reject(stopped);
          else if (exitCode === undefined) reject(this.#lost(line));
          else resolve({ ...out, exitCode });
        });
      });
      // A command may end without reading its input; its exit code tells more than the broken pipe.
      channel.on("error", () => {});
      channel.end(options.stdin ?? "");
    });
  }

  #error(kind: "cancelled" | "timeout", what: string, line: string): HostError {
    return new HostError(kind, { summary: `a command on ${this.where} ${what}`, ran: line });
  }

  #lost(line: string, cause?: unknown): HostError {
    return new HostError("unreachable", {
      summary: `the connection to ${this.where} was lost`,
      ran: line,
      try: "run the same again: it goes on from here",
      cause,
    });
  }

  #refused(line: string, cause: Error): HostError {
    return new HostError("unreachable", {
      summary: `${this.where} refused another session on the connection`,
      ran: line,
      said: cause.message,
      try: `set MaxSessions in the machine's sshd_config to 10 or more`,
      cause,
    });
  }
}

const signalNumbers: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  SEGV: 11,
  PIPE: 13,
  TERM: 15,
};
