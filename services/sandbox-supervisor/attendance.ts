import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { log } from "./log.ts";
import type { ExecAnswer, TurnAnswer } from "./protocol.ts";
import { type OpenSession, type Outcome, Tree } from "./tree.ts";

const firstPauseSeconds = 0.5;
const longestPauseSeconds = 5;
/** So often may an agent end before it answers for the first time. */
const mostVainStarts = 3;

/**
 * An agent that runs elsewhere, reached by a program that carries orders to it on its standard input and output. Whenever the
 * program ends it is started again; meanwhile the agent is down.
 */
export class Attendance {
  /** Resolves when the agent answers for the first time; rejects when it ended too often instead, with its last words. */
  readonly firstReady: Promise<void>;
  readonly #command: readonly [string, ...string[]];
  readonly #becameReady = Promise.withResolvers<void>();
  readonly #stopped = new AbortController();
  #vainStarts = 0;
  #tree: Tree;
  #ended: Promise<void>;

  constructor(command: readonly [string, ...string[]]) {
    this.#command = command;
    this.firstReady = this.#becameReady.promise;
    // Not everybody who attends an agent waits for it.
    this.firstReady.catch(() => {});
    this.#tree = this.#start();
    this.#ended = this.#attend();
  }

  get ready(): boolean {
    return this.#tree.ready;
  }

  /** Process id of the agent as it is counted inside, which nobody here can translate. */
  agentPid(): number | undefined {
    return this.ready ? this.#tree.agentPid() : undefined;
  }

  turn(session: string, message: string, timeoutSeconds: number): Promise<Outcome<TurnAnswer>> {
    return this.#tree.turn(session, message, timeoutSeconds);
  }

  exec(argv: readonly string[], timeoutSeconds: number): Promise<Outcome<ExecAnswer>> {
    return this.#tree.exec(argv, timeoutSeconds);
  }

  open(...session: Parameters<Tree["open"]>): OpenSession {
    return this.#tree.open(...session);
  }

  /** Leaves the agent, which goes on without us. Resolves once the program has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#tree.leave();
    await this.#ended;
  }

  #start(): Tree {
    const [program, ...words] = this.#command;
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
    const tree = new Tree(
      child,
      (insidePid) => insidePid || undefined,
      (reason) => this.#lost(reason),
    );
    void tree.firstReady.then(this.#becameReady.resolve);
    return tree;
  }

  // Once it was ready a rejection comes too late to matter.
  #lost(reason: string): void {
    this.#vainStarts += 1;
    if (this.#vainStarts < mostVainStarts) return;
    this.#becameReady.reject(new Error(`the agent was started ${mostVainStarts} times and never answered: ${reason}`));
  }

  async #attend(): Promise<void> {
    const { signal } = this.#stopped;
    let pause = firstPauseSeconds;
    for (;;) {
      let answered = false;
      void this.#tree.firstReady.then(() => {
        answered = true;
      });
      const code = await this.#tree.ended;
      if (signal.aborted) return;
      pause = answered ? firstPauseSeconds : pause;
      log("warn", "detached", { code, again: pause, lastWords: this.#tree.lastWords });
      await sleep(pause * 1000, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      pause = Math.min(pause * 2, longestPauseSeconds);
      this.#tree = this.#start();
    }
  }
}
