import { isObject, isSecret, type ValueChange } from "../values.ts";
import { filled, isNothing } from "./given-forms.ts";

/**
 * Where the inputs of a resource differ, into lists of the same length as well. A look writes out what is empty, and names Google's
 * resources by their whole address; neither is a difference.
 */
export function inputChanges(before: unknown, after: unknown, path = ""): ValueChange[] {
  if (isAlike(before, after)) return [];
  if (isObject(before) && isObject(after) && !isSecret(before) && !isSecret(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => key !== filled);
    return keys.flatMap((key) => inputChanges(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((one, at) => inputChanges(one, after[at], `${path}[${at}]`));
  return [{ path, before, after }];
}

function isAlike(before: unknown, after: unknown): boolean {
  if (isSecret(before) && isSecret(after)) return true;
  return (isNothing(before) && isNothing(after)) || plain(before) === plain(after);
}

function plain(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.replace(/^https:\/\/(www|compute)\.googleapis\.com\/compute\/(v1|beta)\//, "");
}

/** Whether one of two properties is the other one, or a part of it. */
export function overlap(one: string, other: string): boolean {
  return isPartOf(one, other) || isPartOf(other, one);
}

/** Whether a property is the other one, or a part of it; the empty path is all of them. */
export function isPartOf(part: string, whole: string): boolean {
  return whole === "" || part === whole || part.startsWith(`${whole}.`) || part.startsWith(`${whole}[`);
}
