import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { randomUUID } from "node:crypto";
import { hostPid } from "./host-pid.ts";
import { parseLine, readLines } from "./lines.ts";
import { log } from "./log.ts";
import {
  type ExecAnswer,
  type Fault,
  type FaultKind,
  mostLineBytes,
  type SessionOrder,
  type Terminal,
  type TurnAnswer,
} from "./protocol.ts";

/** What a session inside says, each piece once. */
export interface SessionEars {
  output(stream: "stdout" | "stderr", data: string): void;
  /** So many bytes of input were passed on. */
  taken(bytes: number): void;
}

/** A program inside that somebody is connected to. */
export interface OpenSession {
  /** Its exit code, or why there is none. */
  readonly ended: Promise<Outcome<{ readonly exitCode: number }>>;
  tell(order: DistributiveOmit<Exclude<SessionOrder, { op: "open" }>, "id">): void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export type Outcome<T> = { readonly answer: T } | { readonly fault: Fault };

/** How long the tree may take to end by itself before it is killed; systemd's own limit is longer. */
const stopSeconds = 10;
// More than the deadline inside, which normally answers first.
const graceSeconds = 10;
const mostLogBytes = 8192;

const kinds: readonly string[] = [
  "agent-down",
  "timeout",
  "inference",
  "busy",
  "invalid",
  "agent",
] satisfies FaultKind[];

/**
 * The wrapped process tree, seen from outside. Every line from it is the agent's own word, so each is checked for its shape
 * and bound in size, and none can name anything but a request that waits.
 */
export class Tree {
  /** Resolves with the exit code once the tree has ended. */
  readonly ended: Promise<number>;
  /** Resolves when the agent answers for the first time. */
  readonly firstReady: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<string, (outcome: Outcome<Record<string, unknown>>) => void>();
  readonly #sessions = new Map<string, SessionEars>();
  readonly #becameReady = Promise.withResolvers<void>();
  readonly #translate: (insidePid: number) => number | undefined;
  readonly #lost: (reason: string) => void;
  #ready = false;
  #gatewayPid = 0;
  #lastWords = "";

  /**
   * `translate` says which process the machine means by a number from inside; by default, one of those below the child. `lost`
   * hears each time that the agent does not answer any more, or ended before it ever did.
   */
  constructor(
    child: ChildProcessWithoutNullStreams,
    translate?: (insidePid: number) => number | undefined,
    lost: (reason: string) => void = () => {},
  ) {
    this.#child = child;
    this.#lost = lost;
    this.#translate = translate ?? ((pid) => (child.pid === undefined ? undefined : hostPid(child.pid, pid)));
    this.firstReady = this.#becameReady.promise;
    readLines(child.stdout, mostLineBytes, { line: (text) => this.#heard(text) });
    readLines(child.stderr, mostLogBytes, {
      line: (line) => {
        this.#lastWords = line;
        log("info", "agent-log", { line });
      },
    });
    // Whoever writes to a tree that has just ended is answered by its end.
    child.stdin.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    child.once("error", ({ message }) => log("error", "cannot-start", { message }));
    child.once("close", (code, signal) => {
      this.#ready = false;
      for (const settle of this.#waiting.values()) settle(down("the agent ended during the request"));
      this.#waiting.clear();
      resolve(code ?? (signal === null ? 1 : 128));
    });
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The last line the tree wrote to its log: what it said before it ended. */
  get lastWords(): string {
    return this.#lastWords;
  }

  /** Process id of the agent as the machine counts; nothing while it starts. */
  agentPid(): number | undefined {
    return this.#translate(this.#gatewayPid);
  }

  async turn(session: string, message: string, timeoutSeconds: number): Promise<Outcome<TurnAnswer>> {
    if (!this.#ready) return down("the agent is not ready; it starts or has lost its gateway");
    const outcome = await this.#ask({ op: "turn", session, message, timeoutSeconds });
    if ("fault" in outcome) return outcome;
    const { text, model, sessionId } = outcome.answer;
    return { answer: { text: String(text), model: String(model), sessionId: String(sessionId) } };
  }

  async exec(argv: readonly string[], timeoutSeconds: number): Promise<Outcome<ExecAnswer>> {
    const outcome = await this.#ask({ op: "exec", argv, timeoutSeconds });
    if ("fault" in outcome) return outcome;
    const { exitCode, stdout, stderr, truncated } = outcome.answer;
    return {
      answer: {
        exitCode: Number(exitCode),
        stdout: String(stdout),
        stderr: String(stderr),
        truncated: truncated === true,
      },
    };
  }

  /** Starts a program inside and connects to it. */
  open(argv: readonly string[], terminal: Terminal | undefined, ears: SessionEars): OpenSession {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<Outcome<Record<string, unknown>>>();
    this.#waiting.set(id, resolve);
    this.#sessions.set(id, ears);
    if (!this.#give({ id, op: "open", argv, terminal })) resolve(down("the agent has ended"));
    const ended = promise.then((outcome) => {
      this.#waiting.delete(id);
      this.#sessions.delete(id);
      return "fault" in outcome ? outcome : { answer: { exitCode: Number(outcome.answer.exitCode) } };
    });
    return { ended, tell: (order) => void this.#give({ id, ...order }) };
  }

  /** Asks the tree to end, and ends it when it does not. */
  stop(): void {
    this.#child.stdin.write(`${JSON.stringify({ op: "stop" })}\n`);
    this.leave();
  }

  /** Gives no more orders, which ends what carries them; what is behind that may go on. */
  leave(): void {
    this.#child.stdin.end();
    setTimeout(() => this.#child.kill("SIGKILL"), stopSeconds * 1000).unref();
  }

  #ask(order: { readonly timeoutSeconds: number; readonly op: string } & Record<string, unknown>) {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<Outcome<Record<string, unknown>>>();
    const late = () => resolve(fault("timeout", `the sandbox gave no answer within ${order.timeoutSeconds} s`));
    const timer = setTimeout(late, (order.timeoutSeconds + graceSeconds) * 1000);
    this.#waiting.set(id, resolve);
    if (!this.#give({ id, ...order })) resolve(down("the agent has ended"));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }

  #give(order: object): boolean {
    const { exitCode, stdin } = this.#child;
    if (exitCode !== null || !stdin.writable) return false;
    stdin.write(`${JSON.stringify(order)}\n`);
    return true;
  }

  #heard(text: string): void {
    const said = parseLine(text);
    if (said === undefined) return;
    if (said.event === "started") this.#gatewayPid = Number(said.gatewayPid) || 0;
    else if (said.event === "ready") this.#changed(true, { seconds: Number(said.seconds) || 0 });
    else if (said.event === "warm") warmed(Number(said.seconds) || 0, said.problem);
    else if (said.event === "log") log("info", "agent-log", { line: String(said.line).slice(0, mostLogBytes) });
    else if (said.event === "lost") {
      const reason = String(said.reason).slice(0, 300);
      this.#changed(false, { reason });
      this.#lost(reason);
    }
    const ears = this.#sessions.get(String(said.id));
    if (typeof said.data === "string") ears?.output(said.output === "stderr" ? "stderr" : "stdout", said.data);
    else if (typeof said.taken === "number") ears?.taken(said.taken);
    const settle = this.#waiting.get(String(said.id));
    if (settle === undefined) return;
    if (isRecord(said.answer)) settle({ answer: said.answer });
    else if (isRecord(said.fault)) settle(checked(said.fault));
  }

  #changed(ready: boolean, facts: Record<string, unknown>): void {
    if (ready !== this.#ready) log(ready ? "info" : "warn", ready ? "agent-ready" : "agent-lost", facts);
    this.#ready = ready;
    if (ready) this.#becameReady.resolve();
  }
}

function warmed(seconds: number, problem: unknown): void {
  if (problem === undefined) log("info", "agent-warm", { seconds });
  else log("warn", "agent-not-warmed", { seconds, problem: String(problem).slice(0, 300) });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function fault(kind: FaultKind, message: string): { fault: Fault } {
  return { fault: { kind, message } };
}

function down(message: string): { fault: Fault } {
  return fault("agent-down", message);
}

function checked({ kind, message }: Record<string, unknown>): { fault: Fault } {
  const known = kinds.includes(String(kind)) ? (kind as FaultKind) : "agent";
  return fault(known, String(message).slice(0, 2000));
}
