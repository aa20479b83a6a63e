import { EngineError } from "./errors.ts";

/** What ends a line, and so a comment, to Pulumi's reader of YAML and does not to this engine's. */
const elsewhere = /\r(?!\n)|[\u0085\u2028\u2029]/g;

/**
 * Refuses a file that the Pulumi CLI reads otherwise, because a comment ends earlier there.
 *
 * @throws EngineError with every such character by its line
 */
export function refuseOtherLineEnds(text: string, path: string): void {
  const found = [...text.matchAll(elsewhere)].map(({ 0: character, index }) => {
    const line = text.slice(0, index).split("\n").length;
    return `line ${line}: U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
  if (found.length === 0) return;
  throw new EngineError(
    `${path} has characters that end a line for the Pulumi CLI and for nothing else, so that a comment may hide a setting: ${found.join(", ")}; write a line feed in their place, or nothing; inside a text "\\u2028" and the like, between double quotes`,
  );
}
