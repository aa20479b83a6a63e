import { formatPath, type PropertyPath } from "./property-path.ts";
import type { DetailedDiff } from "./provider-answer.ts";
import { equal, isObject, isSecret, type Properties, type Value } from "./values.ts";

/** One place where two values differ. */
export interface PropertyChange {
  readonly path: PropertyPath;
  readonly kind: "add" | "delete" | "update";
  readonly before?: Value;
  readonly after?: Value;
}

/** Every place where two bags of properties differ, as deep as both sides have the same shape. */
export function differences(before: Properties, after: Properties): PropertyChange[] {
  return inside([], before, after);
}

/** The same in the words of a provider's detailed diff, for a provider that left the comparison to the engine. */
export function detailOf(changes: readonly PropertyChange[]): Record<string, DetailedDiff> {
  return Object.fromEntries(changes.map(({ path, kind }) => [formatPath(path), { kind, inputDiff: true }]));
}

/** The top-level properties that changed. */
export function changedKeys(changes: readonly PropertyChange[]): string[] {
  return [...new Set(changes.map(({ path }) => String(path[0])))];
}

function inside(path: PropertyPath, before: Properties | Value[], after: Properties | Value[]): PropertyChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const step = Array.isArray(before) ? Number(key) : key;
    return between([...path, step], (before as Properties)[key], (after as Properties)[key]);
  });
}

function between(path: PropertyPath, before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (equal(before, after)) return [];
  if (before === undefined) return after === undefined ? [] : [{ path, kind: "add", after }];
  if (after === undefined) return [{ path, kind: "delete", before }];
  // A secret is never looked into: which part of it changed would be told.
  if (!isSecret(before) && !isSecret(after)) {
    if (isObject(before) && isObject(after)) return inside(path, before, after);
    if (Array.isArray(before) && Array.isArray(after)) return inside(path, before, after);
  }
  return [{ path, kind: "update", before, after }];
}
