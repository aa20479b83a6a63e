import { log } from "./log.ts";
import type { Fault, TurnAnswer } from "./protocol.ts";
import type { Outcome } from "./tree.ts";

const mostWaiting = 8;
const mostSessions = 64;

export type RunTurn = (session: string, message: string, timeoutSeconds: number) => Promise<Outcome<TurnAnswer>>;

/** Adds to a failure what is known about it outside the sandbox. */
export type Explain = (fault: Fault) => Fault;

/** Runs the turns of one session one after the other and those of different sessions side by side. */
export class Turns {
  readonly #run: RunTurn;
  readonly #explain: Explain;
  readonly #queues = new Map<string, { last: Promise<unknown>; length: number }>();
  #lastModel: string | undefined;
  #lastModelAt: string | undefined;

  constructor(run: RunTurn, explain: Explain = (fault) => fault) {
    this.#run = run;
    this.#explain = explain;
  }

  /** The model that gave the latest answer. */
  get lastModel(): string | undefined {
    return this.#lastModel;
  }

  /** When the turn of that answer began, in ISO 8601: a model that was changed later is not the one it asked. */
  get lastModelAt(): string | undefined {
    return this.#lastModelAt;
  }

  /** One turn. Its deadline starts when its own work does, not while it waits for the one before it. */
  async take(session: string, message: string, timeoutSeconds: number): Promise<Outcome<TurnAnswer>> {
    const queue = this.#queues.get(session) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length >= mostWaiting || (queue.length === 0 && this.#queues.size >= mostSessions)) {
      const what =
        queue.length > 0 ? `${queue.length} turns of session ${session}` : `turns of ${mostSessions} sessions`;
      return { fault: { kind: "busy", message: `${what} wait already; try again when they are answered` } };
    }
    this.#queues.set(session, queue);
    queue.length += 1;
    const mine = queue.last.then(() => this.#measured(session, message, timeoutSeconds));
    queue.last = mine;
    try {
      return await mine;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(session);
    }
  }

  async #measured(session: string, message: string, timeoutSeconds: number): Promise<Outcome<TurnAnswer>> {
    const [start, began] = [performance.now(), new Date().toISOString()];
    const outcome = await this.#run(session, message, timeoutSeconds);
    const seconds = Math.round(performance.now() - start) / 1000;
    if ("fault" in outcome) {
      const fault = this.#explain(outcome.fault);
      log("warn", "turn-failed", { session, seconds, ...fault });
      return { fault };
    }
    const { model, text } = outcome.answer;
    this.#lastModel = model;
    this.#lastModelAt = began;
    log("info", "turn", { session, seconds, model, characters: text.length });
    return outcome;
  }
}
