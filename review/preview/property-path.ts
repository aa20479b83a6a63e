import { isObject, isSecret } from "../values.ts";
import type { PreviewStep } from "./preview-step.ts";

/** Where a property lies: names, and places in lists. */
export type PropertyPath = readonly (string | number)[];

const part = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g;

/**
 * A path as a preview writes it. A name with other characters than a word's stands in brackets there.
 *
 * @example
 * propertyPath('metadata["ssh-keys"]'); // ["metadata", "ssh-keys"]
 */
export function propertyPath(written: string): PropertyPath {
  return [...written.matchAll(part)].map(([, quoted, place, name]) =>
    place !== undefined ? Number(place) : (quoted?.replaceAll(/\\(.)/g, "$1") ?? name ?? ""),
  );
}

/** A path as a report writes it, and as the paths of secrets are written: `metadata.ssh-keys`, `rules[1]`. */
export function pathText(path: PropertyPath): string {
  return path.map((one, at) => (typeof one === "number" ? `[${one}]` : at === 0 ? one : `.${one}`)).join("");
}

/** What steps name as changed inside properties, as a report writes it. */
export function namedPaths(steps: readonly Pick<PreviewStep, "detailedDiff">[]): string[] {
  return steps.flatMap(({ detailedDiff }) =>
    Object.keys(detailedDiff ?? {}).map((path) => pathText(propertyPath(path))),
  );
}

/** What stands at a path; a secret where one stands above it. */
export function valueAt(value: unknown, path: PropertyPath): unknown {
  return path.reduce<unknown>((above, key) => (isSecret(above) ? above : inside(above, key)), value);
}

/** The same in every entry of the lists on the way: a set has no order, and each side counts by its own. */
export function valuesAt(value: unknown, [key, ...rest]: PropertyPath): unknown[] {
  if (key === undefined || isSecret(value)) return [value];
  if (typeof key === "number") return Array.isArray(value) ? value.flatMap((one) => valuesAt(one, rest)) : [];
  return isObject(value) && Object.hasOwn(value, key) ? valuesAt(value[key], rest) : [];
}

function inside(value: unknown, key: string | number): unknown {
  if (typeof key === "number") return Array.isArray(value) ? value[key] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
