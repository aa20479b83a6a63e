import { elapsed } from "./duration.ts";

/** Where progress goes; a terminal also gets colours and a line that rewrites itself. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Tells a detail; one that is only passing is shown while nothing newer is, and leaves no line behind. */
export type Say = (detail: string, how?: { readonly passing?: boolean }) => void;

/**
 * Tells what is being done, how long it took, and, when nothing happened for a while, that it is still going.
 *
 * @example
 * await progress.step("Apply the stack", async (say) => up({ onLine: say }));
 */
export class Progress {
  readonly #screen: Screen;
  readonly #heartbeatMs: number;

  constructor(screen: Screen = process.stdout, heartbeatMs = 8000) {
    this.#screen = screen;
    this.#heartbeatMs = heartbeatMs;
  }

  /** Runs one step under a heading. What the work says is printed below it, line by line. */
  async step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
    const began = performance.now();
    const took = () => elapsed((performance.now() - began) / 1000);
    let last = performance.now();
    let detail = "";
    this.line(`${this.#bold("▸")} ${this.#bold(title)}`);
    const say: Say = (text, { passing = false } = {}) => {
      detail = text.trim();
      if (passing) return;
      last = performance.now();
      this.#clear();
      this.line(this.#dim(`    ${text.trimEnd()}`));
    };
    const heartbeat = setInterval(
      () => {
        if (this.#screen.isTTY) this.#rewrite(`    … ${took()}  ${detail}`);
        else if (performance.now() - last >= this.#heartbeatMs) {
          last = performance.now();
          this.line(
            this.#dim(
              `    … ${took()}${detail ? `, still at: ${detail.replace(/^(?:[-+~]+\s+)?nemoclaw:[\w:]+ /, "").slice(0, 110)}` : ""}`,
            ),
          );
        }
      },
      this.#screen.isTTY ? 200 : 1000,
    );
    try {
      const result = await work(say);
      this.#clear();
      this.line(`${this.#colour("32", "  ✓")} ${title} ${this.#dim(`(${took()})`)}`);
      return result;
    } catch (error) {
      this.#clear();
      this.line(`${this.#colour("31", "  ✗")} ${title} ${this.#dim(`(failed after ${took()})`)}`);
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** A plain line between steps. */
  line(text = ""): void {
    this.#screen.write(`${text}\n`);
  }

  heading(text: string): string {
    return this.#bold(text);
  }

  #rewrite(text: string): void {
    this.#screen.write(`\r\u001b[K${this.#dim(text.slice(0, (this.#screen.columns ?? 80) - 1))}`);
  }

  #clear(): void {
    if (this.#screen.isTTY) this.#screen.write("\r\u001b[K");
  }

  #bold(text: string): string {
    return this.#colour("1", text);
  }

  #dim(text: string): string {
    return this.#colour("2", text);
  }

  #colour(code: string, text: string): string {
    return this.#screen.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
