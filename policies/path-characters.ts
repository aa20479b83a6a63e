/**
 * How a byte of a request's path stands in the path that rules are compared with: `plain` as it is, `encoded` as `%` and two
 * upper-case digits. At a `;`, even an encoded one, a segment ends there: what follows is a parameter, which servers disagree about.
 * With a control character a request is refused.
 */
export function standing(byte: number): "plain" | "encoded" | "ends" | "refused" {
  const character = String.fromCharCode(byte);
  if (plain.test(character)) return "plain";
  if (character === ";") return "ends";
  return byte < 0x20 || byte === 0x7f ? "refused" : "encoded";
}

/** RFC 3986's `pchar` without `;`. */
const plain = /[\w.~!$&'()*+,=:@-]/;

/** Requests with a longer path are refused. */
export const longestPath = 4096;
