/** Cuts server-sent events off the beginning of a text, each with the empty line that ends it; `rest` has not ended yet. */
export function splitEvents(text: string): { events: string[]; rest: string } {
  const events: string[] = [];
  let from = 0;
  for (const end of text.matchAll(/\r\n\r\n|\n\n|\r\r/g)) {
    events.push(text.slice(from, end.index + end[0].length));
    from = end.index + end[0].length;
  }
  return { events, rest: text.slice(from) };
}

/** The data of an event, or nothing when it has none, as a comment that keeps a connection open. */
export function dataOf(event: string): string | undefined {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  return lines.length === 0 ? undefined : lines.map((line) => line.slice("data:".length).replace(/^ /, "")).join("\n");
}
