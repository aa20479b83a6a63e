import { globAutomaton } from "./diff/automaton.ts";
import { partition } from "./diff/partition.ts";
import { pathAlphabet } from "./diff/path-alphabet.ts";
import { longestPath } from "./path-characters.ts";

/**
 * Whether a path glob matches the path of any request at all.
 *
 * Both runtimes compare paths in one spelling: percent-decoded where that is harmless, other bytes as `%` with upper-case digits,
 * without `//`, dot segments and `;parameters` (OpenShell's `l7/path.rs`, and the gate's `request-target.ts`); a request with a control
 * character, or a dot segment between encoded slashes, is refused. A rule in another spelling matches nothing, which nobody would
 * notice of one that denies.
 *
 * @throws Error that names a class of characters that cannot be read
 * @example matchesSomePath("/café/**") // false: such a path is compared as /caf%C3%A9
 */
export function matchesSomePath(glob: string): boolean {
  // Most globs are plain, and a policy may have thousands.
  const plain = /^[\w*/.~!$&'()+,=:@-]*$/.test(glob) && !/\/\.{0,2}(\/|$)/.test(glob.slice(0, -1));
  if (plain && glob.length <= longestPath) return true;
  const parts = partition([globAutomaton(glob, "/")], pathAlphabet);
  return parts?.some(({ accepted, example }) => accepted[0] && example.length <= longestPath) ?? true;
}
