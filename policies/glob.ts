import { type Check, check } from "./check.ts";
import { globAutomaton } from "./diff/automaton.ts";
import { longestPath } from "./path-characters.ts";
import { matchesSomePath } from "./path-spelling.ts";

/** A request path glob: rooted, or starting with `**`. */
export function checkPathGlob(glob: string): Check[] {
  const rooted = glob.startsWith("/") || glob === "**" || glob.startsWith("**/");
  const start = rooted ? [] : [check([], `${JSON.stringify(glob)} does not start with / or **`, `/${glob}`)];
  const checks = [...start, ...checkGlob(glob)];
  return checks.length === 0 && !matchesSomePath(glob) ? [unmatched(glob)] : checks;
}

function unmatched(glob: string): Check {
  const without = "without //, dot segments, ;parameters and control characters";
  const compared = `paths are compared decoded where that is harmless, ${without}, and are not above ${longestPath} characters`;
  const instead = "the path as it is compared: /caf%C3%A9 for /café, /~me for /%7Eme, /a for /a;b";
  return check([], `${JSON.stringify(glob)} matches no path: ${compared}`, instead);
}

/** What is wrong with a glob whatever it matches. Braces mean different things to different engines, so none are taken. */
export function checkGlob(glob: string): Check[] {
  const shown = JSON.stringify(glob);
  if (/[{}]/.test(glob)) {
    return [check([], `${shown} has braces, which are not taken as alternatives`, "one entry for each alternative")];
  }
  const open = glob.replaceAll(/\[!?[^\]]+\]/g, "");
  if (/[[\]]/.test(open)) return [check([], `${shown} has a bracket without its pair`, "a closed class such as [0-9]")];
  try {
    globAutomaton(glob, "/");
    return [];
  } catch (error) {
    return [check([], `${shown}: ${(error as Error).message}`, "a class whose ranges go upwards, such as [a-z]")];
  }
}
