import type { LogEntry } from "../host/runtimes/log-source.ts";

/** So long one log that does not tell what there was holds up the others. */
const patienceMilliseconds = 5000;

interface Order {
  readonly follow: boolean;
  /** Whether logs say where what is new begins. Otherwise all is of before; where they are followed, all is new. */
  readonly counted: boolean;
  /** How many of the last entries of before are shown, over all logs. */
  readonly lines: number;
  readonly show: (entry: LogEntry) => void;
}

/** One of the logs that are put in order. */
export interface OrderedLog {
  /** A line of it, and what was read there. */
  line(text: string, entry: LogEntry | undefined): void;
  end(): void;
}

/** The entries of several logs by time: first the last ones of before, of all logs together, then what is new, as it comes. */
export class LogOrder {
  readonly #order: Order;
  /** Of before, until that is shown. */
  #before: LogEntry[] | undefined = [];
  #new: LogEntry[] = [];
  #waiting = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(order: Order) {
    this.#order = order;
    if (order.follow && !order.counted) this.#begin();
  }

  /** Another log. What is of before is shown when all logs have told theirs, or have ended. */
  log(): OrderedLog {
    this.#waiting += 1;
    // How many more lines of before there are; unknown until it says so.
    let left = Number.POSITIVE_INFINITY;
    const told = (now: number) => {
      if (left > 0 && now === 0) {
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#begin();
        else if (this.#order.follow) this.#patience ??= setTimeout(() => this.#begin(), patienceMilliseconds).unref();
      }
      left = now;
    };
    return {
      line: (text, entry) => {
        const [, count] = (this.#order.counted && /^backlog +(\d+)$/.exec(text)) || [];
        if (count !== undefined) return told(Number(count));
        if (entry) (left > 0 && this.#before ? this.#before : this.#new).push(entry);
        if (left > 0) told(left - 1);
      },
      end: () => told(0),
    };
  }

  /** Shows what is new, when its turn has come. */
  flush(): void {
    if (this.#before === undefined) for (const entry of byTime(this.#new.splice(0))) this.#order.show(entry);
  }

  /** Shows what there is still. */
  end(): void {
    this.#begin();
    this.flush();
  }

  #begin(): void {
    if (this.#before === undefined) return;
    clearTimeout(this.#patience);
    const sorted = byTime(this.#before);
    this.#before = undefined;
    for (const entry of sorted.slice(Math.max(sorted.length - this.#order.lines, 0))) this.#order.show(entry);
  }
}

function byTime(entries: readonly LogEntry[]): LogEntry[] {
  return entries.toSorted((a, b) => a.at.localeCompare(b.at));
}
