import { isIP } from "node:net";
import type { Cell } from "./cells.ts";
import { type Finding, finding } from "./finding.ts";
import type { SideEndpoint } from "./side.ts";

/** Differences in which addresses the names of a cell may lead to (`allowed_ips`). */
export function addressFindings(cell: Cell): Finding[] {
  const [was, is] = [entriesOf(cell.before), entriesOf(cell.after)];
  const endpoint = cell.after[0];
  if (endpoint === undefined || [...was].sort().join() === [...is].sort().join()) return [];
  const tell = (effect: Finding["effect"], what: string, note: string, comparable = true) =>
    finding({ cell, endpoint, effect, what, note, comparable });
  // Public addresses against listed ones: which of the two is more depends on what is listed.
  if (was.length === 0) {
    return [tell("widens", `addresses in ${is.join(", ")}`, "only public addresses before, only these now", false)];
  }
  if (is.length === 0) {
    return [tell("widens", "every public address", `only addresses in ${was.join(", ")} before`, false)];
  }
  const gained = is.filter((entry) => !covered(entry, was));
  const lost = was.filter((entry) => !covered(entry, is));
  return [
    ...(gained.length > 0 ? [tell("widens", `addresses in ${gained.join(", ")}`, `${was.join(", ")} before`)] : []),
    ...(lost.length > 0 ? [tell("narrows", `addresses in ${lost.join(", ")}`, `${is.join(", ")} now`)] : []),
  ];
}

function entriesOf(endpoints: readonly SideEndpoint[]): string[] {
  return [...new Set(endpoints.flatMap(({ written }) => written.allowed_ips ?? []))];
}

interface Range {
  readonly family: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** Whether an address or range lies within others; neighbours count as one, so that a range in two halves is the range. */
export function covered(entry: string, by: readonly string[]): boolean {
  const wanted = rangeOf(entry);
  const others = by
    .map(rangeOf)
    .filter(({ family }) => family === wanted.family)
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let next = wanted.from;
  for (const { from, to } of others) if (from <= next && to >= next) next = to + 1n;
  return next > wanted.to;
}

function rangeOf(entry: string): Range {
  const [address = "", prefix] = entry.split("/");
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const size = 1n << BigInt(bits - Number(prefix ?? bits));
  const from = (numberOf(address, family) / size) * size;
  return { family, from, to: from + size - 1n };
}

function numberOf(address: string, family: number): bigint {
  if (family !== 6) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const words = (text: string) => (text === "" ? [] : text.split(":"));
  const [left, right] = [words(head), words(tail ?? "")];
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...middle, ...right].reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n);
}
