import { type Fact, fact } from "../facts.ts";
import { isObject, valueChanges } from "../values.ts";
import { names } from "./lock-entries.ts";

/** That something has changed in an entry of which nothing else is told, by the names of its fields. */
export function otherFields(what: string, before: unknown, after: unknown, told?: readonly string[]): Fact[] {
  const note = fieldsNote(before, after, told);
  return note === undefined ? [] : [{ what, note }];
}

/** @param told the fields of which something else is told */
export function fieldsNote(before: unknown, after: unknown, told: readonly string[] = []): string | undefined {
  if (!isObject(before) || !isObject(after)) return undefined;
  const changed = names(before, after).filter(
    (name) => !told.includes(name) && valueChanges(before[name], after[name]).length > 0,
  );
  if (changed.length === 0) return undefined;
  return `other fields have changed: ${changed.join(", ")}`;
}

/** That a file which pinned something pins nothing any more, or is gone. */
export function nothingPinned(file: string, before: object, after: object): Fact[] {
  const [was, is] = [before, after].map((entries) => Object.keys(entries).length);
  if (!was || is) return [];
  return fact(file, was === 1 ? "one entry" : `${was} entries`, undefined, { effect: "unclear", note: unpinned });
}

const unpinned = "nothing says any more what machines are to install";
