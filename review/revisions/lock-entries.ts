import { type Fact, fact } from "../facts.ts";
import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import type { Revision } from "./revision.ts";

/** What a lock file has under one heading, by name. */
export type Entries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** One of them, where it is there. */
export type Entry = Entries[string] | undefined;

/** The entries under a heading; none where it is missing. */
export function part(value: Readonly<Record<string, unknown>> | undefined, name: string): Entries {
  const found = value?.[name];
  return isObject(found) ? (found as Entries) : {};
}

/** A file of JSON at a revision; empty where it is not there. @throws ReviewError for one that is no JSON object */
export function lockAt(revision: Revision, path: string): Record<string, unknown> {
  const text = revision.read(path);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw new ReviewError(`${path} at ${revision.name} is not a JSON object`);
}

/** Every name that one side or the other has. */
export function names(was: object, is: object): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
}

/** What is text, as it stands. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A checksum, whole: two that only begin alike are two. */
export function digest(value: unknown): string | undefined {
  return value === null ? "not pinned" : text(value);
}

/** That an entry is pinned to something else, by one of its fields. */
export function pinFacts(what: string, field: string, was: Entry, is: Entry): Fact[] {
  const [before, after] = [was?.[field], is?.[field]];
  const moved =
    was && is && before ? ({ effect: "unclear", note: "pinned to another one under the same name" } as const) : {};
  return fact(what, digest(before), digest(after), moved);
}

/** What is said of another content under a name and version that stay. */
export const replaced = "another file under the same version: replaced by its publisher, or pinned wrongly before";

/** What is said of a file that comes from another address than before. */
export const elsewhere = { effect: "unclear", note: "taken from another place" } as const;
