import { canonical } from "./canonical.ts";
import { cellsOf } from "./diff/cells.ts";
import type { AccessChange, PolicyDiff } from "./diff/change.ts";
import { diskChanges } from "./diff/disk.ts";
import { gather } from "./diff/finding.ts";
import { identityChanges } from "./diff/identity.ts";
import { cellFindings } from "./diff/network.ts";
import { type DiffSide, endpointsOf } from "./diff/side.ts";

export type { AccessChange, PolicyDiff } from "./diff/change.ts";
export type { DiffSide } from "./diff/side.ts";

/**
 * What the second policy lets the agent do and the first does not, and the other way round. Blocks that are renamed, moved,
 * split or brought together without any request being decided otherwise are no change.
 *
 * Exact for hosts, addresses, ports, programs, methods, paths and queries as the egress gate reads them. What cannot be decided
 * is marked `comparable: false` and counts as widening.
 *
 * @example
 * diffPolicies({ policy: before }, { policy: after }).changes[0]?.what; // "POST /api/**"
 */
export function diffPolicies(before: DiffSide, after: DiffSide): PolicyDiff {
  const changes = [
    ...network(before, after),
    ...diskChanges(before.policy, after.policy),
    ...identityChanges(before.policy, after.policy),
  ].sort(byWeight);
  return { changes, widens: changes.some(({ effect }) => effect === "widens") };
}

function network(before: DiffSide, after: DiffSide): AccessChange[] {
  if (networkText(before) === networkText(after)) return [];
  const cells = cellsOf(endpointsOf(before), endpointsOf(after));
  if (typeof cells !== "string") return gather(cells.flatMap(cellFindings));
  const what = "the network part of the policy";
  return [{ area: "network", effect: "widens", comparable: false, what, note: cells, blocks: [], sources: [] }];
}

function networkText({ policy, tellsPrograms = true }: DiffSide): string {
  return canonical([policy.network_policies, tellsPrograms]);
}

const weight = { widens: 0, narrows: 1, neutral: 2 };

function byWeight(a: AccessChange, b: AccessChange): number {
  const text = ({ where = "", what }: AccessChange) => `${where} ${what}`;
  return weight[a.effect] - weight[b.effect] || (text(a) < text(b) ? -1 : 1);
}
