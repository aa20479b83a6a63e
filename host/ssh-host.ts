import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { ApplyProgress, heartbeat } from "./apply-progress.ts";
import { applyScript, defaultTimeoutSeconds, runScript } from "./apply-script.ts";
import type { Command } from "./command.ts";
import type { Connection, ExecResult } from "./connection.ts";
import { HostError } from "./errors.ts";
import { explainFailure, lostDuring, shownOf } from "./failure.ts";
import type { Host } from "./host.ts";
import type { Looker } from "./looker.ts";
import type { Machine } from "./machine.ts";
import type { Places } from "./places.ts";
import type { Answer, Questions } from "./question.ts";
import type { Redactor } from "./redact.ts";
import { checkSudo, rootShell, rootUnit, stopScript } from "./root.ts";

/** What all users of one machine share in a process. */
export interface Session {
  readonly places: Places;
  readonly looker: Looker;
  readonly redactor: Redactor;
  /** The live connection; dials when there is none. */
  connection(options: { signal?: AbortSignal; log?: (line: string) => void }): Promise<Connection>;
  /** Takes the operator lock unless this connection holds it. */
  lock(connection: Connection, log: (line: string) => void): Promise<void>;
}

export interface SshHostOptions {
  /** Cancels what is under way, on the machine too. */
  readonly signal?: AbortSignal;
  /** Progress for people: one line at a time, without secrets. */
  readonly log?: (line: string) => void;
}

/** A machine over SSH, as one of its users sees it. */
export class SshHost implements Host {
  readonly machine: Machine;
  readonly #session: Session;
  readonly #options: SshHostOptions;

  constructor(machine: Machine, session: Session, options: SshHostOptions = {}) {
    this.machine = machine;
    this.#session = session;
    this.#options = options;
  }

  async look<F>(questions: Questions<F>): Promise<F> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    return this.#clean(unlessCancelled(this.#session.looker.look(questions), this.machine, signal));
  }

  async apply(what: string, commands: readonly Command[]): Promise<void> {
    if (commands.length === 0) return;
    const { redactor, looker, places } = this.#session;
    redactor.addFrom(commands);
    const log = (line: string) => this.#options.log?.(redactor.clean(line));

    const connection = await this.#session.connection(this.#options);
    await this.#clean(this.#session.lock(connection, log));
    const unit = `nemoclaw-apply-${randomBytes(6).toString("hex")}`;
    const progress = new ApplyProgress(unit, commands, (line) => log(`${what}: ${line}`));
    looker.forget();
    try {
      const result = await connection.exec(rootUnit(this.machine.user, unit, places), {
        stdin: applyScript(unit, commands, places),
        timeoutSeconds: 60 + commands.reduce((sum, c) => sum + (c.timeoutSeconds ?? defaultTimeoutSeconds) + 10, 0),
        onOutput: (chunk, stream) => stream === "stdout" && progress.read(chunk),
        signal: this.#options.signal,
        stop: () => this.#stop(connection, stopScript(unit, places)),
      });
      if (progress.failed) throw explainFailure(this.machine, what, commands, progress.failed);
      if (result.exitCode !== 0) throw this.#notRun(connection, what, commands, progress, result);
    } catch (error) {
      throw this.#cleaned(
        lostDuring(error, { where: connection.where, what, unit, running: commands[progress.running ?? -1] }),
      );
    } finally {
      progress.end();
      looker.forget();
    }
  }

  async run(command: Command): Promise<Answer & { readonly stderr: string }> {
    const { redactor, places } = this.#session;
    redactor.addFrom([command]);
    const connection = await this.#session.connection(this.#options);
    const unit = `nemoclaw-run-${randomBytes(6).toString("hex")}`;
    const mark = `${unit}\n`;
    const alive = heartbeat(command.title, (line) => this.#options.log?.(redactor.clean(line)));
    const began = Date.now();
    const limit = command.timeoutSeconds ?? defaultTimeoutSeconds;
    try {
      const result = await connection.exec(rootUnit(this.machine.user, unit, places), {
        stdin: runScript(unit, command),
        timeoutSeconds: limit + 30,
        signal: this.#options.signal,
        stop: () => this.#stop(connection, stopScript(unit, places)),
      });
      if (!result.stderr.includes(mark)) throw this.#notRun(connection, command.title, [command], undefined, result);
      const { stdout, stderr, exitCode } = result;
      // timeout(1) says 124; a command of its own may say so earlier.
      if (exitCode === 124 && Date.now() - began > limit * 900)
        throw this.#late(connection, command, stderr.replace(mark, ""));
      return { stdout, stderr: stderr.replace(mark, ""), exitCode };
    } catch (error) {
      throw this.#cleaned(lostDuring(error, { where: connection.where, what: command.title, unit, running: command }));
    } finally {
      clearInterval(alive);
    }
  }

  // Not in the queue: what is to be stopped may be what fills it.
  async #stop(connection: Connection, script: string): Promise<void> {
    const closed = await connection.hold(rootShell(this.machine.user), (channel) => {
      channel.on("error", () => {});
      channel.resume();
      channel.stderr.resume();
      const gone = once(channel, "close");
      channel.end(script);
      return { gone };
    });
    await closed.gone;
  }

  #late(connection: Connection, command: Command, said: string): HostError {
    return new HostError("timeout", {
      summary: `${command.title} did not end within ${command.timeoutSeconds ?? defaultTimeoutSeconds} s on ${connection.where}`,
      ran: shownOf(command),
      said,
      try: command.try,
    });
  }

  #notRun(
    connection: Connection,
    what: string,
    commands: readonly Command[],
    progress: ApplyProgress | undefined,
    result: ExecResult,
  ): HostError {
    try {
      checkSudo(connection, this.machine.user, result);
    } catch (error) {
      return error as HostError;
    }
    const command = commands[progress?.running ?? 0];
    return new HostError("command", {
      summary: `${what} was ended on ${connection.where}${progress?.running === undefined ? " before it began" : `: ${command?.title}`}`,
      ran: command && shownOf(command),
      exitCode: result.exitCode,
      said: result.stderr || result.stdout,
      try: command?.try,
    });
  }

  async #clean<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      throw this.#cleaned(error);
    }
  }

  #cleaned(error: unknown): unknown {
    if (!(error instanceof HostError)) return error;
    const { summary, ran, said, ...rest } = error.details;
    const clean = (text: string | undefined) => (text === undefined ? undefined : this.#session.redactor.clean(text));
    return new HostError(error.kind, { ...rest, summary: clean(summary) ?? "", ran: clean(ran), said: clean(said) });
  }
}

/** Stops waiting when cancelled; looking changes nothing, so what was asked may run out on the machine. */
async function unlessCancelled<T>(promise: Promise<T>, machine: Machine, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  const { promise: cancelled, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new HostError("cancelled", { summary: `cancelled while looking at ${machine.address}` }));
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, cancelled]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
