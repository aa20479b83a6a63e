import type { ValueFault } from "./parse.ts";

/**
 * Where a value has `__proto__` for a name. To JavaScript that is no name like others, and a schema drops the entry without a word: a
 * block that would allow something, or the one condition of a rule that allows the rest.
 */
export function unkeptNames(value: unknown): ValueFault[] {
  return [...places(value, [], new Set())].map((keys) => ({
    keys,
    atKey: true,
    message: `"${unkept}" is not a possible name`,
    instead: "another name",
  }));
}

const unkept = "__proto__";

/** @param seen what an alias stands for is told once, and may hold itself */
function* places(value: unknown, path: readonly PropertyKey[], seen: Set<object>): Generator<readonly PropertyKey[]> {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) {
    if (key === unkept) yield [...path, key];
    yield* places(inner, [...path, key], seen);
  }
}

/** Whether a fault is about such a name itself. */
export function isOfUnkeptName({ keys }: ValueFault): boolean {
  return keys.at(-1) === unkept;
}
