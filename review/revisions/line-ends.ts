import { ReviewError } from "../review-error.ts";

/**
 * What ends a line, and so a comment, to Pulumi's reader of YAML and does not to the one here: asked of the CLI with every control
 * character and every kind of space.
 */
const elsewhere = /\r(?!\n)|[\u0085\u2028\u2029]/g;

/**
 * Refuses a file in which a comment would end earlier for Pulumi than for a reviewer: what stands behind such a character is a setting
 * of the stack, and nobody sees it.
 *
 * @param name how to name the file in errors
 * @throws ReviewError with every such character by its line
 */
export function refuseOtherLineEnds(text: string, name: string): void {
  const found = [...text.matchAll(elsewhere)].map(({ 0: character, index }) => {
    const line = text.slice(0, index).split("\n").length;
    return `line ${line}: U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
  if (found.length === 0) return;
  throw new ReviewError(
    `${name} has characters that end a line for Pulumi and for nothing else, so that a comment may hide a setting: ${found.join(", ")}`,
    'a line feed in their place, or nothing; inside a text "\\u2028" and the like, between double quotes',
  );
}
