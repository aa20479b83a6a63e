import type { Readable } from "node:stream";

/** Reads lines, none longer than `most` bytes: a longer one is given to `tooLong` and passed over, so that nobody fills memory. */
export function readLines(
  stream: Readable,
  most: number,
  { line, tooLong }: { line: (text: string) => void; tooLong?: () => void },
): void {
  let parts: Buffer[] = [];
  let bytes = 0;
  let passing = false;

  const add = (piece: Buffer) => {
    if (passing) return;
    bytes += piece.length;
    if (bytes <= most) {
      parts.push(piece);
      return;
    }
    passing = true;
    parts = [];
    tooLong?.();
  };
  const end = () => {
    const text = Buffer.concat(parts).toString("utf8");
    const skip = passing;
    parts = [];
    bytes = 0;
    passing = false;
    if (!skip && text !== "") line(text);
  };

  stream.on("data", (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, at));
      end();
      from = at + 1;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  });
  stream.on("end", end);
}

/** A line as an object; nothing when it is not one. */
export function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
