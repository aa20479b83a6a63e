import { canonical } from "../canonical.ts";
import { addressFindings, withinReach } from "./addresses.ts";
import type { Cell } from "./cells.ts";
import { isJudged } from "./fields.ts";
import { type Finding, finding } from "./finding.ts";
import { handlingFindings } from "./handling.ts";
import { opaqueFindings } from "./opaque.ts";
import { requestFindings } from "./request-findings.ts";
import type { SideEndpoint } from "./side.ts";

/** What differs for the destinations and programs of one cell. */
export function cellFindings(whole: Cell): Finding[] {
  const cell = withinReach(whole);
  const { before, after } = cell;
  if (sameEndpoints(before, after)) return [];
  const [was, is] = [treatment(before), treatment(after)];
  const both = before.length > 0 && after.length > 0;
  const more = [...(both ? addressFindings(cell) : []), ...handlingFindings(cell)];
  if (was === "opaque" || is === "opaque") return [...opaqueFindings(cell), ...more];
  if (is === "unseen") return [...opened(cell, was), ...more];
  if (was === "unseen") return [...watched(cell, is), ...more];
  return [...requestFindings(cell), ...more];
}

/** How connections are treated: shut, passed without a look, judged request by request, or by rules that only OpenShell has. */
function treatment(endpoints: readonly SideEndpoint[]): "shut" | "unseen" | "judged" | "opaque" {
  if (endpoints.length === 0) return "shut";
  const judged = endpoints.filter(({ inspected }) => inspected);
  if (judged.length === 0) return "unseen";
  return judged.every(({ written }) => isJudged(written)) ? "judged" : "opaque";
}

const everything = { what: "any traffic, without looking at it", methods: ["*"] };

function opened(cell: Cell, was: string): Finding[] {
  if (was === "unseen") return [];
  const note = was === "judged" ? "its requests were judged one by one before" : undefined;
  return cell.after.map((endpoint) => finding({ cell, endpoint, effect: "widens", ...everything, note }));
}

function watched(cell: Cell, is: string): Finding[] {
  const note = is === "judged" ? "its requests are judged one by one now" : undefined;
  return cell.before.map((endpoint) => finding({ cell, endpoint, effect: "narrows", ...everything, note }));
}

function sameEndpoints(before: readonly SideEndpoint[], after: readonly SideEndpoint[]): boolean {
  const texts = (endpoints: readonly SideEndpoint[]) =>
    [...new Set(endpoints.map(({ written: { port: _, ports: __, ...written } }) => canonical(written)))].sort().join();
  return texts(before) === texts(after);
}
