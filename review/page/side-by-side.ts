import { show } from "../values.ts";

const longest = 160;

/**
 * Two values as they stand beside each other: checksums by their first digits, long texts without their middle, and two that
 * would look alike by the place where they differ. What is not there stays so.
 *
 * @example
 * sideBySide("a".repeat(200) + "1", "a".repeat(200) + "2"); // ["…aaaaaaaaaaaaaaaaaaaa1", "…aaaaaaaaaaaaaaaaaaaa2"]
 */
export function sideBySide(before: string | undefined, after: string | undefined): (string | undefined)[] {
  const [was, is] = [before, after].map((one) => one && short(one));
  if (before === undefined || after === undefined || before === after || was !== is) return [was, is];
  let at = 0;
  while (before[at] === after[at]) at++;
  return [before, after].map((one) => around(one, at));
}

/** The same for values of any kind, as code; what is not there is `nothing`. */
export function valuesSideBySide(before: unknown, after: unknown): string[] {
  return sideBySide(show(before), show(after)).map((side) => `\`${side}\``);
}

// npm's checksums bear their algorithm and are base64; others are hexadecimal, Docker's with theirs in front.
const checksum =
  /^(?:sha\d+-[\dA-Za-z+/]{12}(?=[\dA-Za-z+/]{28,}={0,2}$)|(?:sha\d+:)?[\dA-Fa-f]{12}(?=[\dA-Fa-f]{28,}$))/;

function short(text: string): string {
  const [firstDigits] = checksum.exec(text) ?? [];
  if (firstDigits !== undefined) return `${firstDigits}…`;
  if (text.length <= longest) return text;
  return `${text.slice(0, 100)}…${text.slice(100 - longest)}`;
}

function around(text: string, at: number): string {
  const [from, to] = [Math.max(0, at - 20), at + 60];
  return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
}
