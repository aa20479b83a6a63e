/**
 * A text in which nothing acts on what shows it: control characters, which a terminal obeys, marks that turn the direction of what
 * follows or that nobody sees, and line ends of other systems stand there by their number. Line feeds and tabs stay.
 *
 * @example
 * visible("a\u202Eb"); // "a\\u202Eb"
 */
export function visible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(/(?![\t\n])\p{Cc}|\p{Cf}|\p{Cs}|[\u2028\u2029]/gu, (character) =>
      character.split("").map(byNumber).join(""),
    );
}

/** The same of a value on one line, where the end of a line means something: behind it a comment is over. */
export function visibleValue(text: string): string {
  return visible(text).replaceAll("\n", "␊");
}

// As JSON writes them, so that JSON stays what it is.
function byNumber(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
