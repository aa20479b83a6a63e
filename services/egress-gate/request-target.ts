import { longestPath, standing } from "../../policies/path-characters.ts";

/** A request's path and query, in the one spelling that rules are compared with and that is sent on. */
export interface RequestTarget {
  /** Decoded where that is harmless, without `.`, `..`, `//` and `;parameters`. */
  readonly path: string;
  /** The query as it came, with its `?`, or nothing. */
  readonly search: string;
  /** Decoded values by decoded name. */
  readonly query: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads an origin-form target (`/a/b?c=d`). What a server may read in two ways is not guessed at.
 *
 * @throws Error saying what is ambiguous: a control character, a broken `%`, a `..` above the root …
 */
export function readTarget(target: string): RequestTarget {
  if (!target.startsWith("/")) throw new Error("the request target is not a path");
  if (/[^\x21-\x7e]/.test(target)) throw new Error("the request target has a character that must be percent-encoded");
  if (target.includes("#")) throw new Error("the request target has a fragment");
  const mark = target.indexOf("?");
  const raw = mark < 0 ? target : target.slice(0, mark);
  const search = mark < 0 ? "" : target.slice(mark);
  if (raw.length > longestPath) throw new Error(`the path is longer than ${longestPath} characters`);
  return { path: canonical(raw), search, query: readQuery(search.slice(1)) };
}

/** Whether a canonical path has a `/` that is encoded, which only some endpoints allow. */
export function hasEncodedSlash(path: string): boolean {
  return path.includes("%2F");
}

function canonical(raw: string): string {
  const kept: string[] = [];
  const parts = raw.slice(1).split("/");
  for (const [index, part] of parts.entries()) {
    const name = decodeSegment(part);
    const last = index === parts.length - 1;
    if (name === "..") {
      if (kept.pop() === undefined) throw new Error("the path goes above its root");
      if (last) kept.push("");
    } else if (name === "." || name === "") {
      if (last) kept.push("");
    } else {
      kept.push(name);
    }
  }
  // An encoded slash can hide a step up inside what looks like one segment.
  if (kept.some((name) => name.split("%2F").some((part) => part === "." || part === ".."))) {
    throw new Error("the path has a dot segment behind an encoded slash");
  }
  return `/${kept.join("/")}`;
}

function decodeSegment(segment: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < segment.length; at++) {
    if (segment[at] !== "%") {
      bytes.push(segment.charCodeAt(at));
      continue;
    }
    const hex = segment.slice(at + 1, at + 3);
    if (!/^[0-9a-f]{2}$/i.test(hex)) throw new Error("the path has a broken percent-encoding");
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  if (bytes.some((byte) => standing(byte) === "refused")) throw new Error("the path has an encoded control character");
  const end = bytes.findIndex((byte) => standing(byte) === "ends");
  return (end < 0 ? bytes : bytes.slice(0, end)).map(encodeByte).join("");
}

function encodeByte(byte: number): string {
  if (standing(byte) === "plain") return String.fromCharCode(byte);
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function readQuery(search: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const pair of search.split("&").filter((part) => part !== "")) {
    const equals = pair.indexOf("=");
    const name = decodeQuery(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : decodeQuery(pair.slice(equals + 1));
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function decodeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Error("the query has a broken percent-encoding");
  }
}
