/**
 * A text in which nothing acts on what shows it, and nothing is there that nobody sees: control characters, which a terminal obeys,
 * marks that turn the direction of what follows, spaces that are none of the keyboard's and the like stand there by their number. So
 * does the bracket around a number, or a text could look like a character that it only names. Line feeds and tabs stay.
 *
 * @example
 * visible("a\u202Eb"); // "a⟦U+202E⟧b"
 */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("⟦", byNumber).replaceAll(unseen, byNumber);
}

/**
 * The same of a value on one line, where the end of a line means something, whichever it is: behind it a comment is over. A tab, which
 * looks like spaces, is shown by its number, too.
 */
export function visibleValue(text: string): string {
  return text
    .replaceAll(/[⟦␊\t]/g, byNumber)
    .replaceAll(unseen, byNumber)
    .replaceAll("\n", "␊");
}

/** Spaces of which what shows a text leaves out one: beside others, and at the text's begin and end. */
export const foldedSpaces = / {2,}|^ | $/g;

/** A value as JSON, in which such characters are escaped as JSON does it. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(unseen, (character) => character.split("").map(escaped).join(""));
}

// To Unicode the blank of Braille is a sign.
const unseen =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]--[\t\n ]]/gv;

function byNumber(character: string): string {
  return `⟦U+${digits(character.codePointAt(0))}⟧`;
}

function escaped(unit: string): string {
  return `\\u${digits(unit.charCodeAt(0))}`;
}

function digits(code = 0): string {
  return code.toString(16).toUpperCase().padStart(4, "0");
}
