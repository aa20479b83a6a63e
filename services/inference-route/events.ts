// A line may end in any of these; \r at the end of a piece may be half of \r\n, whose rest is an empty line more, which says nothing.
const lineEnd = /\r\n|\n|\r/g;
const emptyLine = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)/g;
/** One character less than the longest empty line, which may be cut anywhere. */
const overlap = 3;

/**
 * Cuts a stream of server-sent events that comes in pieces into its events, each with the empty line that ends it. Comments and
 * empty lines before an event end with their line, so that what keeps a connection open comes through at once.
 */
export class EventCutter {
  // What has come of an event that has not ended. Only the tail is searched again, so a large event costs no more than its length.
  #searched: string[] = [];
  #tail = "";
  #size = 0;

  /** How much has come of the event that has not ended. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next piece, and gives what has ended with it. */
  take(piece: string): string[] {
    const ended: string[] = [];
    const text = this.#tail + piece;
    let from = 0;
    for (;;) {
      const end = this.#endIn(text, from);
      if (end === undefined) break;
      this.#searched.push(text.slice(from, end));
      ended.push(this.#searched.join(""));
      this.#searched = [];
      from = end;
    }
    const cut = Math.max(from, text.length - overlap);
    if (cut > from) this.#searched.push(text.slice(from, cut));
    this.#tail = text.slice(cut);
    this.#size = ended.length > 0 ? text.length - from : this.#size + piece.length;
    return ended;
  }

  /** What has come of an event that nothing ended. */
  rest(): string {
    return this.#searched.join("") + this.#tail;
  }

  #endIn(text: string, from: number): number | undefined {
    const begins = this.#searched[0]?.[0] ?? text[from];
    const end = begins === ":" || begins === "\r" || begins === "\n" ? lineEnd : emptyLine;
    end.lastIndex = from;
    return end.test(text) ? end.lastIndex : undefined;
  }
}

/** All events of a stream that is there in whole, and what nothing ended. */
export function eventsOf(text: string): string[] {
  const cutter = new EventCutter();
  return [...cutter.take(text), cutter.rest()];
}

/** The lines of an event's data; none for a comment that keeps a connection open. */
export function dataOf(event: string): string[] {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).replace(/^ /, ""));
}
