import { pathAlphabet } from "./diff/alphabet.ts";
import { globAutomaton } from "./diff/automaton.ts";
import { partition } from "./diff/partition.ts";
import { plainInPath } from "./path-characters.ts";

/**
 * Whether a path glob matches the path of any request at all.
 *
 * Both runtimes compare paths in one spelling: percent-decoded where that is harmless, other bytes as `%` with upper-case digits,
 * without `//`, dot segments and `;parameters` (OpenShell's `l7/path.rs`, and the gate's `request-target.ts`). A rule in another
 * spelling matches nothing, which nobody would notice of one that denies.
 *
 * @throws Error that names a class of characters that cannot be read
 * @example matchesSomePath("/café/**") // false: such a path is compared as /caf%C3%A9
 */
export function matchesSomePath(glob: string): boolean {
  // Most globs are plain, and a policy may have thousands.
  if (/^[\w*/.~!$&'()+,=:@-]*$/.test(glob) && !/\/\.{0,2}(\/|$)/.test(glob.slice(0, -1))) return true;
  const encoded = glob.match(/%[0-9A-F]{2}/g) ?? [];
  if (encoded.some((written) => plainInPath.test(String.fromCharCode(Number.parseInt(written.slice(1), 16)))))
    return false;
  return partition([globAutomaton(glob, "/")], pathAlphabet)?.some(({ accepted }) => accepted[0]) ?? true;
}
