import { canonical } from "../../policies/canonical.ts";
import { isObject } from "../values.ts";

/** Whether this is what the engines write in place of a secret: a mapping with that text and nothing else. */
export function isSealed(value: unknown): boolean {
  return isObject(value) && typeof value.secure === "string" && Object.keys(value).length === 1;
}

/** Whether a value is one, or has one inside. */
export function holdsSealed(value: unknown): boolean {
  return sealedParts(value).length > 0;
}

/** Those in a value, by path, as text that tells only whether it is the same. */
export function sealedParts(value: unknown, path = ""): [path: string, text: string][] {
  if (isSealed(value)) return [[path, canonical(value)]];
  if (Array.isArray(value)) return value.flatMap((one, at) => sealedParts(one, `${path}[${at}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => sealedParts(inner, `${path}.${key}`));
}

/** A value with what a report knows as a secret in their place. */
export function withoutSealed(value: unknown): unknown {
  if (isSealed(value)) return "[secret]";
  if (Array.isArray(value)) return value.map(withoutSealed);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSealed(inner)]));
}
