import { standing } from "../path-characters.ts";
import type { Alphabet } from "./alphabet.ts";

const digits = Array.from("0123456789ABCDEF", (_, value) => value);

// Where one is in a path. Behind a `%` it counts whether what is before it would be a dot segment if an encoded slash followed.
const [start, slash, dot, dots, inside, encodedSlash, percent, percentBehindDots, second] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const behindDots = second + digits.length;
const slashByte = "/".charCodeAt(0);

/**
 * Paths in the one spelling that the gate compares: rooted, no empty or dot segments, also none between encoded slashes, and `%` only
 * before the two digits of a byte that has to be encoded.
 */
export const pathAlphabet: Alphabet = {
  characters: [..."xabcdefghijklmnopqrstuvwyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ/._~!$&'()*+,=:@-%"],
  kind: (character) => {
    if (/[/.%]/.test(character)) return character;
    return /[\dA-F]/.test(character) ? (kinds[Number.parseInt(character, 16)] ?? "") : "plain";
  },
  step(state, kind) {
    if (state === start) return kind === "/" ? slash : undefined;
    if (state >= percent) {
      const digit = Number(kind);
      if (state === percent) return afterFirst[digit];
      if (state === percentBehindDots) return digit === slashByte >> 4 ? behindDots : afterFirst[digit];
      if (state === behindDots) return digit === slashByte % 16 ? undefined : afterBoth[slashByte >> 4]?.[digit];
      return afterBoth[state - second]?.[digit];
    }
    if (kind === "/") return state === inside || state === encodedSlash ? slash : undefined;
    if (kind === "%") return state === dot || state === dots ? percentBehindDots : percent;
    if (kind !== ".") return inside;
    return state === slash || state === encodedSlash ? dot : state === dot ? dots : inside;
  },
  ends: (state) => state === slash || state === inside || state === encodedSlash,
};

/** Where one is behind both digits of a byte; nothing where it never stands encoded. */
const afterBoth = digits.map((high) =>
  digits.map((low) => {
    const byte = 16 * high + low;
    if (standing(byte) !== "encoded") return undefined;
    return byte === slashByte ? encodedSlash : inside;
  }),
);

// Each digit by the first one that it is never told apart from: as a byte's first, and wherever it stands.
const asFirst = afterBoth.map((reached) => reached.join());
const asSecond = digits.map((low) => afterBoth.map((reached) => reached[low]).join());
const highs = asFirst.map((one) => asFirst.indexOf(one));
const both = digits.map((digit) => `${asFirst[digit]} ${asSecond[digit]}`);
const kinds = both.map((one) => String(both.indexOf(one)));
const afterFirst = afterBoth.map((reached, high) =>
  reached.every((one) => one === undefined) ? undefined : second + (highs[high] ?? high),
);
