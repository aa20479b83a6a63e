import { isDeepStrictEqual } from "node:util";
import { mayDiffer } from "./stopped.ts";
import { at, holdsUnknown, type Path } from "./wire.ts";

export interface Diff {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/**
 * Compares what is wanted with what was last observed, under the same property names. Only a known change, or a machine
 * that is itself about to be replaced, replaces; anything else not known yet is an update. That a service does not run is no
 * change where it was stopped on purpose.
 *
 * @param inputNames what can be configured at all: one of these that is observed but no longer wanted is a change
 * @param replaceOn properties whose change cannot be made in place, as paths: `["machine", "id"]`
 */
export function diff(
  observed: Record<string, unknown>,
  wanted: Record<string, unknown>,
  replaceOn: readonly Path[],
  inputNames: ReadonlySet<string> = new Set(),
): Diff {
  const left = mayDiffer(observed);
  const changed = Object.keys(wanted).filter((key) => !left.includes(key) && !same(observed[key], wanted[key]));
  const gone = [...inputNames].filter((key) => wanted[key] === undefined && observed[key] !== undefined);
  const replaces = replaceOn.filter((path) => mustReplace(path, at(observed, path), at(wanted, path)));
  return {
    changes: changed.length + gone.length + replaces.length > 0,
    replaces: [...new Set(replaces.map((path) => String(path[0])))],
    deleteBeforeReplace: true,
  };
}

function mustReplace(path: Path, observed: unknown, wanted: unknown): boolean {
  if (holdsUnknown(wanted)) return path.at(-1) === "id";
  return !same(observed, wanted);
}

/** Equal as JSON: a missing property and an undefined one are the same. */
function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(plain(a), plain(b));
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
