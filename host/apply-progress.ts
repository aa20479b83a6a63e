import type { Command } from "./command.ts";

const heartbeatMs = 10_000;

/** Says every ten seconds that something still runs, until the timer is cleared. */
export function heartbeat(title: string, log: (line: string) => void): NodeJS.Timeout {
  const began = Date.now();
  const timer = setInterval(() => {
    log(`${title} (still running after ${Math.round((Date.now() - began) / 1000)} s)`);
  }, heartbeatMs);
  return timer.unref();
}

/** How far an apply has come, read from the marks it prints. */
export class ApplyProgress {
  /** The command that was begun and has not ended. */
  running: number | undefined;
  /** The command that failed, and what it said last. */
  failed:
    | { readonly n: number; readonly exitCode: number; readonly said: string; readonly seconds: number }
    | undefined;

  readonly #mark: string;
  readonly #commands: readonly Command[];
  readonly #log: (line: string) => void;
  #partial = "";
  #began = Date.now();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(mark: string, commands: readonly Command[], log: (line: string) => void) {
    this.#mark = mark;
    this.#commands = commands;
    this.#log = log;
  }

  /** Takes the next piece of output, wherever it was cut. */
  read(chunk: string): void {
    const lines = (this.#partial + chunk).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#take(line.split(" "));
  }

  /** Stops the heartbeat. */
  end(): void {
    clearInterval(this.#heartbeat);
  }

  #take([mark, word, number, code, said]: string[]): void {
    if (mark !== this.#mark) return;
    if (word === "begin") this.#begin(Number(number));
    if (word === "end") this.#end(Number(number), Number(code), said ?? "");
  }

  #begin(n: number): void {
    this.running = n;
    this.#began = Date.now();
    const title = this.#commands[n]?.title;
    this.#log(`${title}`);
    this.end();
    this.#heartbeat = heartbeat(`${title}`, this.#log);
  }

  #end(n: number, exitCode: number, said: string): void {
    this.end();
    this.running = undefined;
    if (exitCode === 0) return;
    const seconds = (Date.now() - this.#began) / 1000;
    this.failed = { n, exitCode, said: Buffer.from(said, "base64").toString("utf8"), seconds };
  }
}
