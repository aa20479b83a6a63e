import { isIP } from "node:net";
import { refuseAddress } from "../reachable-address.ts";
import type { Cell } from "./cells.ts";
import { type Finding, finding } from "./finding.ts";
import type { SideEndpoint } from "./side.ts";

/** A cell of one address as connections to it are decided: endpoints whose `allowed_ips` leave it out do not open it. */
export function withinReach(cell: Cell): Cell {
  if (isIP(cell.host) === 0) return cell;
  const [was, is] = [reaches(cell.host, cell.before), reaches(cell.host, cell.after)];
  if (was && is) return cell;
  // What is gained or lost is this address, not all that the endpoints are about.
  const here = (endpoints: readonly SideEndpoint[]) => endpoints.map((endpoint) => ({ ...endpoint, host: cell.host }));
  return { ...cell, before: was ? here(cell.before) : [], after: is ? here(cell.after) : [] };
}

function reaches(address: string, endpoints: readonly SideEndpoint[]): boolean {
  return refuseAddress(address, entriesOf(endpoints), named(endpoints) !== undefined) === undefined;
}

/** Differences in which addresses the names of a cell may lead to (`allowed_ips`, and a full name in place of a wildcard). */
export function addressFindings(cell: Cell): Finding[] {
  const [was, is] = [entriesOf(cell.before), entriesOf(cell.after)];
  const endpoint = cell.after[0];
  if (endpoint === undefined || isIP(cell.host) !== 0) return [];
  if (was.length === 0 && is.length === 0) return nameFindings(cell);
  const tell = (effect: Finding["effect"], what: string, note: string, comparable = true) =>
    finding({ cell, endpoint, effect, what, note, comparable, methods: ["*"] });
  if ([...was].sort().join() === [...is].sort().join()) return [];
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

// With no address listed it matters whether a whole name is given.
function nameFindings(cell: Cell): Finding[] {
  const [was, is] = [named(cell.before), named(cell.after)];
  const endpoint = was ?? is;
  if (endpoint === undefined || (was && is)) return [];
  const note = `a wildcard does not lead there, a full name ${is ? "does now" : "did before"}`;
  return [finding({ cell, endpoint, effect: is ? "widens" : "narrows", what: setAside, note, methods: ["*"] })];
}

const setAside = "addresses set aside for other things than servers, such as 198.18.0.0/15";

// An address that is named is allowed by being named.
function entriesOf(endpoints: readonly SideEndpoint[]): string[] {
  return [
    ...new Set(
      endpoints.flatMap(({ host = "", written: { allowed_ips } }) => allowed_ips ?? (isIP(host) === 0 ? [] : [host])),
    ),
  ];
}

function named(endpoints: readonly SideEndpoint[]): SideEndpoint | undefined {
  return endpoints.find(({ host }) => host !== undefined && !host.includes("*"));
}

interface Range {
  readonly family: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** Whether a text is an address or a range that {@link covered} can read. */
export function isRange(entry: string): boolean {
  const [address = "", prefix, ...more] = entry.split("/");
  // What Node takes for an address besides: one with the name of an interface.
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
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
