import { show } from "../values.ts";
import { asCode, type Code } from "./cell.ts";

/** How much is shown of what two long texts have in common before their first difference and behind their last. */
const around = 20;

/** A text that stands whole even where most of it is the same on both sides. */
const short = 160;

/**
 * Two values as they stand beside each other: checksums by their first digits, long texts from their first difference to their last, so
 * that everything that differs is there. What is not there stays so.
 *
 * @example
 * sideBySide(`${"a".repeat(200)}1`, `${"a".repeat(200)}2`); // ["…aaaaaaaaaaaaaaaaaaaa1", "…aaaaaaaaaaaaaaaaaaaa2"]
 */
export function sideBySide(before: string | undefined, after: string | undefined): (string | undefined)[] {
  const [was, is] = [before, after].map((one) => one && (digits(one) ?? one));
  if (before === undefined || after === undefined || before === after) return [was, is];
  const long = Math.max(was?.length ?? 0, is?.length ?? 0) > short;
  return was === is || long ? differing(before, after) : [was, is];
}

/** The same for values of any kind, as code; what is not there is `nothing`. */
export function valuesSideBySide(before: unknown, after: unknown): Code[] {
  return sideBySide(show(before), show(after)).map((side) => asCode(side ?? ""));
}

// npm's checksums bear their algorithm and are base64; others are hexadecimal, Docker's with theirs in front.
const checksum =
  /^(?:sha\d+-[\dA-Za-z+/]{12}(?=[\dA-Za-z+/]{28,}={0,2}$)|(?:sha\d+:)?[\dA-Fa-f]{12}(?=[\dA-Fa-f]{28,}$))/;

function digits(text: string): string | undefined {
  const [first] = checksum.exec(text) ?? [];
  return first && `${first}…`;
}

function differing(before: string, after: string): string[] {
  const most = Math.min(before.length, after.length);
  const head = alike(most, (at) => before[at] === after[at]);
  const tail = alike(most - head, (at) => before.at(-1 - at) === after.at(-1 - at));
  const [from, left] = [Math.max(0, head - around), Math.max(0, tail - around)];
  return [before, after].map(
    (text) => `${from > 0 ? "…" : ""}${text.slice(from, text.length - left)}${left > 0 ? "…" : ""}`,
  );
}

function alike(most: number, same: (at: number) => boolean): number {
  let count = 0;
  while (count < most && same(count)) count++;
  return count;
}
