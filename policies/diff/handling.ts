import { canonical } from "../canonical.ts";
import type { Cell } from "./cells.ts";
import { type Handling, handlings } from "./fields.ts";
import { type Finding, finding } from "./finding.ts";
import { pathParts } from "./path-parts.ts";
import { nearestOf, type SideEndpoint } from "./side.ts";

/** Differences in how connections and requests of a cell are handled, besides which of them pass. */
export function handlingFindings(cell: Cell): Finding[] {
  const { before, after } = cell;
  const [endpoint] = after;
  if (endpoint === undefined) return [];
  const ways = [...handlings.keys()].filter((way) => [...before, ...after].some((one) => saysOf(way, one) !== ""));
  const parts = ways.length === 0 ? [] : pathParts([...before, ...after]);
  if (parts === undefined) {
    const note = "too many paths overlap to compare it";
    const what = "how credentials are handled";
    return [finding({ cell, endpoint, area: "enforcement", effect: "widens", comparable: false, what, note })];
  }
  const found = ways.flatMap((way) =>
    parts.flatMap((covers) => wayFindings(cell, way, before.filter(covers), after.filter(covers))),
  );
  const same = (one: Finding) => JSON.stringify([one.what, one.effect, one.note, one.block, one.host]);
  return [...new Map(found.map((one) => [same(one), one])).values(), ...nativeTcp(cell)];
}

// For the requests that these endpoints are about. Where no endpoint is left, that is told by the requests.
function wayFindings(cell: Cell, way: Handling, before: readonly SideEndpoint[], after: readonly SideEndpoint[]) {
  const [was, is] = [valuesOf(way, before), valuesOf(way, after)];
  const effect = effectOf(way, was, is);
  // The endpoint whose path says for which requests it changes.
  const endpoints = [...after, ...before];
  const [endpoint] = nearestOf([...endpoints.filter((one) => saysOf(way, one) !== ""), ...endpoints]);
  if (after.length === 0 || endpoint === undefined || effect === undefined) return [];
  const { path } = endpoint.written;
  const note = `${path === undefined ? "" : `within ${path}; `}${changeText(was, is)}`;
  return [finding({ cell, endpoint, area: "enforcement", what: way.what, note, ...effect })];
}

/** Everything that is said about a request, `""` for an endpoint that counts and says nothing. */
function valuesOf(way: Handling, endpoints: readonly SideEndpoint[]): string[] {
  const heard = way.says === "nearest" ? nearestOf(endpoints.filter(({ inspected }) => inspected)) : endpoints;
  const values = new Set(heard.map((one) => saysOf(way, one)));
  if (way.says === "any") values.delete("");
  return [...values].sort();
}

function effectOf(
  { says }: Handling,
  was: readonly string[],
  is: readonly string[],
): Pick<Finding, "effect" | "comparable"> | undefined {
  const [had, has] = [was.some(Boolean), is.some(Boolean)];
  const gained = is.filter((value) => !was.includes(value));
  const lost = was.filter((value) => !is.includes(value));
  if ((!had && !has) || gained.length + lost.length === 0) return undefined;
  const opens = gained.some(Boolean) || lost.includes("");
  const narrows = !has || (!opens && (says === "any" || !lost.some(Boolean)));
  return { effect: narrows ? "narrows" : "widens", comparable: narrows || !had || says === "any" };
}

function changeText(was: readonly string[], is: readonly string[]): string {
  if (!is.some(Boolean)) return "no more";
  if (!was.some(Boolean)) return "new";
  const [before, now] = [was, is].map((values) => values.map(plain).join(" and "));
  return `${before} before, ${now} now`;
}

/** What an endpoint says about one way of handling; nothing where it is not set or switched off. */
function saysOf(way: Handling, { written }: SideEndpoint): string {
  const set = (handlings.get(way) ?? []).filter((field) => written[field] !== undefined && written[field] !== false);
  return set.length === 0 ? "" : canonical(set.map((field) => [field, written[field]]));
}

function plain(says: string): string {
  if (says === "") return "none";
  const values = (value: unknown): unknown[] =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(values) : [value];
  return (JSON.parse(says) as [string, unknown][]).flatMap(([, value]) => values(value)).join(" ");
}

function nativeTcp(cell: Cell): Finding[] {
  const native = (endpoints: Cell["before"]) => endpoints.some(({ written }) => written.protocol === "tcp");
  const endpoint = cell.after[0];
  if (endpoint === undefined || cell.before.length === 0 || native(cell.before) === native(cell.after)) return [];
  const effect = native(cell.after) ? "widens" : "narrows";
  return [finding({ cell, endpoint, effect, what: "connections without asking the proxy (protocol tcp)" })];
}
