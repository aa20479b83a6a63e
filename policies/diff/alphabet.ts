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

/** Paths in the one spelling that the gate compares: rooted, no empty or dot segments, `%` only before two digits. */
export const pathAlphabet: Alphabet = {
  characters: [...`${letters}ABCDEFGHIJKLMNOPQRSTUVWXYZ/._~!$&'()*+,=:@-%`],
  kind: (character) => (/[0-9A-F]/.test(character) ? "hex" : /[/.%]/.test(character) ? character : "plain"),
  step(state, kind) {
    const [start, slash, dot, dots, inside, first, second] = [0, 1, 2, 3, 4, 5, 6];
    if (state === start) return kind === "/" ? slash : undefined;
    if (state === first) return kind === "hex" ? second : undefined;
    if (state === second) return kind === "hex" ? inside : undefined;
    if (kind === "/") return state === inside ? slash : undefined;
    if (kind === "%") return first;
    if (kind !== ".") return inside;
    return state === slash ? dot : state === dot ? dots : inside;
  },
  ends: (state) => state === 1 || state === 4,
};

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
