import { isDeepStrictEqual } from "node:util";
import { printPath } from "./check.ts";
import { mayDiffer } from "./stopped.ts";
import { at, holdsUnknown, type Path } from "./wire.ts";

export interface Diff {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
  /** The properties that change, by their own names. */
  readonly changed: string[];
  /** What happens where, by property path. A secret is named and never looked into. */
  readonly detail: Readonly<Record<string, PropertyDiff>>;
}

/** What happens to one property. */
export interface PropertyDiff {
  readonly kind: "add" | "delete" | "update";
  readonly replaces: boolean;
  /** Whether its recorded input is another one too, or only what was observed differs. */
  readonly input: boolean;
}

/** What a comparison needs to know beside the two sides. */
export interface DiffRules {
  /** What can be configured at all: one of these that is observed but no longer wanted is a change. */
  readonly inputNames?: ReadonlySet<string>;
  /** What is no change, whatever it is. */
  readonly unnoticed?: readonly string[] | undefined;
  /** Where secrets lie; which part of one differs is nobody's business. */
  readonly secrets?: readonly Path[];
  /** The inputs as they were recorded. @default what was observed */
  readonly recorded?: Record<string, unknown>;
  /** What was changed without an update: a change also where it is wanted so by now, or it would stay on record for ever. */
  readonly unconfirmed?: readonly string[];
}

/**
 * Compares what is wanted with what was last observed, under the same property names. Only a known change, or a machine
 * that is itself about to be replaced, replaces; anything else not known yet is an update. That a service does not run is no
 * change where it was stopped on purpose.
 *
 * @param replaceOn properties whose change cannot be made in place, as paths: `["machine", "id"]`
 */
export function diff(
  observed: Record<string, unknown>,
  wanted: Record<string, unknown>,
  replaceOn: readonly Path[],
  { inputNames = new Set(), unnoticed = [], secrets = [], recorded = observed, unconfirmed = [] }: DiffRules = {},
): Diff {
  const left = [...mayDiffer(observed), ...unnoticed];
  const changed = Object.keys(wanted).filter((key) => !left.includes(key) && !same(observed[key], wanted[key]));
  const gone = [...inputNames].filter(
    (key) => !unnoticed.includes(key) && wanted[key] === undefined && observed[key] !== undefined,
  );
  const replaces = replaceOn.filter((path) => mustReplace(path, at(observed, path), at(wanted, path)));
  const keys = [...new Set([...changed, ...gone, ...replaces.map((path) => String(path[0])), ...unconfirmed])];
  const places = keys.flatMap((key): Place[] => {
    const found = placesIn([key], observed[key], wanted[key], secrets);
    return found.length > 0 ? found : [{ path: [key], kind: "update" }];
  });
  const detail = places.map(({ path, kind }): [string, PropertyDiff] => [
    printPath(path),
    {
      kind,
      replaces: replaces.some((one) => startsWith(one, path) || startsWith(path, one)),
      input: !same(at(recorded, path), at(wanted, path)),
    },
  ]);
  return {
    changes: keys.length > 0,
    replaces: [...new Set(replaces.map((path) => String(path[0])))],
    deleteBeforeReplace: true,
    changed: keys,
    detail: Object.fromEntries(detail),
  };
}

interface Place {
  readonly path: Path;
  readonly kind: PropertyDiff["kind"];
}

/** Every place where two values differ, as deep as both have the same shape. */
function placesIn(path: Path, before: unknown, after: unknown, secrets: readonly Path[]): Place[] {
  if (same(before, after)) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  const secret = secrets.some((one) => isDeepStrictEqual(one, path));
  const keys = secret ? undefined : sharedKeys(before, after);
  if (keys === undefined) return [{ path, kind: "update" }];
  return keys.flatMap((key) => placesIn([...path, key], at(before, [key]), at(after, [key]), secrets));
}

function sharedKeys(before: unknown, after: unknown): (string | number)[] | undefined {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return undefined;
  if (Array.isArray(before) !== Array.isArray(after)) return undefined;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Array.isArray(before) ? keys.map(Number) : keys;
}

function startsWith(path: Path, start: Path): boolean {
  return isDeepStrictEqual(path.slice(0, start.length), [...start]);
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
