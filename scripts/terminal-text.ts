import { stripVTControlCharacters } from "node:util";
import { visible } from "../review/page/visible.ts";

/** Words that may come from anywhere, a file of a pull request or a machine, as a terminal may be given them: nothing in them acts. */
export function plainText(text: string): string {
  return visible(stripVTControlCharacters(text));
}

/**
 * What an agent writes, which must not move the reader's cursor or colour the terminal. What only joins letters or colours a sign
 * stays, as people write with it.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => (char === "\t" ? " " : "�"));
}

/** The same of more than one line. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join("\n");
}
