/** The texts that can occur at all: of which characters, and in which order. */
export interface Alphabet {
  /** One each, the ones that make readable examples first. */
  readonly characters: readonly string[];
  /** Characters of one kind are never told apart by {@link step}. */
  kind(character: string): string;
  /** State 0 is the start; nothing means that no such text exists. */
  step(state: number, kind: string): number | undefined;
  ends(state: number): boolean;
}

const letters = "xabcdefghijklmnopqrstuvwyz0123456789";

/** Host names in lower case: labels parted by dots. */
export const hostAlphabet: Alphabet = {
  characters: [...`${letters}-_.`],
  kind: (character) => (character === "." ? "." : "plain"),
  step: (state, kind) => (kind === "." ? (state === 1 ? 0 : undefined) : 1),
  ends: (state) => state === 1,
};

const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

/** Any text. Globs with characters beyond ASCII are not told apart here: one such character stands for all. */
export const textAlphabet: Alphabet = {
  characters: [...new Set([...letters, "/", ...ascii.slice(32, 127), ...ascii, "\u00e9"])],
  kind: () => "",
  step: () => 0,
  ends: () => true,
};
