import { readdirSync, readFileSync } from "node:fs";
import { tellsPrograms } from "../../policies/as-enforced.ts";
import { canonical } from "../../policies/canonical.ts";
import { type AccessChange, type DiffSide, diffPolicies } from "../../policies/diff.ts";
import { type Policy, policySchema } from "../../policies/policy.ts";
import type { PolicySource } from "../../policies/policy-source.ts";
import { readPolicy } from "../../policies/read.ts";
import type { Recorded } from "../drift/drift.ts";
import { isObject, show } from "../values.ts";
import { nameOf } from "./preview-step.ts";
import type { ResourceChange } from "./resource-changes.ts";
import type { Whose } from "./whose.ts";

const network = "nemoclaw:host:NetworkPolicy";
const sandbox = "nemoclaw:host:Sandbox";

/** The part of a policy that one resource carries. */
export function policyIn(type: string, inputs: Readonly<Record<string, unknown>> | undefined): unknown {
  if (inputs === undefined) return {};
  if (type !== network) return inputs.policy ?? {};
  // Not there is not empty.
  return inputs.networkPolicies === undefined ? undefined : { network_policies: inputs.networkPolicies };
}

/**
 * What the changes of a preview let the agent do that it may not do now, and the other way round. What was opened without an
 * update and is wanted by now counts as gained, too: nothing that was reviewed has opened it.
 *
 * @param sinceUpdate what is otherwise than the last update left it, and stays so: from what was left
 */
export function accessChanges(
  changes: readonly ResourceChange[],
  whose: Whose,
  sinceUpdate: readonly ResourceChange[] = [],
): ToldAccess[] {
  const standing = sinceUpdate.filter(({ urn }) => !changes.some((one) => one.urn === urn));
  return [...standing, ...changes]
    .filter(({ type }) => type === network || type === sandbox)
    .flatMap((one) => {
      const { type, after, urn } = one;
      const since = sinceUpdate.find((other) => other.urn === urn);
      // What an update finds nothing to do about was found as it is wanted.
      const found = one === since ? after : one.before;
      const changed = one === since ? [] : compare(type, found?.inputs, after?.inputs, urn);
      const all = [...(since ? keptGains(since, found?.inputs, changed) : []), ...changed];
      return all.map((each) => ({ ...each, ...whose(urn) }));
    });
}

function keptGains(
  { type, before, after, urn }: ResourceChange,
  found: Recorded["inputs"] | undefined,
  changed: readonly AccessChange[],
): AccessChange[] {
  const gains = (inputs: Recorded["inputs"] | undefined) => compare(type, before?.inputs, inputs, urn).filter(isGain);
  const opened = gains(found);
  if (opened.length === 0) return [];
  return gains(after?.inputs)
    .filter((one) => !changed.some(sameAccess(one)))
    .map((one) => (opened.some(sameAccess(one)) ? noted(one, "opened without an update, and wanted so now") : one));
}

const isGain = ({ effect }: AccessChange) => effect === "widens";

/** What an agent may do, with the resource that says so where there are several of its kind. */
export interface ToldAccess extends AccessChange {
  readonly of?: string;
}

/** What drifted, as access: from what the last update left to what was found. */
export interface DriftedAccess extends ToldAccess {
  /** The code wants it so by now, so an update does not undo it. */
  readonly kept: boolean;
}

/** How a resource that drifted lets the agent do more or less than the last update left it. */
export function driftedAccess(
  { type, before, after, urn }: ResourceChange,
  left: Recorded["inputs"],
  whose: Whose,
): DriftedAccess[] {
  if (!before || (type !== network && type !== sandbox)) return [];
  const wanted = after ? compare(type, left, after.inputs, urn) : [];
  return compare(type, left, before.inputs, urn).map((one) =>
    wanted.some(sameAccess(one))
      ? { ...noted(one, "the code wants it by now: an update keeps it"), ...whose(urn), kept: true }
      : { ...one, ...whose(urn), kept: false },
  );
}

const sameAccess = (one: AccessChange) => (other: AccessChange) => accessText(one) === accessText(other);
const accessText = ({ area, effect, what, where, programs }: AccessChange) =>
  canonical([area, effect, what, where ?? null, programs ?? null]);

function noted(change: AccessChange, more: string): AccessChange {
  return { ...change, note: change.note ? `${change.note}; ${more}` : more };
}

function compare(
  type: string,
  before: Readonly<Record<string, unknown>> | undefined,
  after: Readonly<Record<string, unknown>> | undefined,
  urn: string,
): AccessChange[] {
  const [was, is] = [before, after].map((inputs) => side(policyIn(type, inputs), inputs?.runtime));
  if (was === undefined || is === undefined) {
    const what = `the policy of ${nameOf(urn)}`;
    const note = "it cannot be read as a policy, so it cannot be compared";
    return [{ area: "network", effect: "widens", comparable: false, what, note, blocks: [], sources: [] }];
  }
  return [...diffPolicies(was, is).changes, ...approvalChange(before?.approval, after?.approval)];
}

/** Under OpenShell: whether people approve what an agent asks for, or it is given that. */
function approvalChange(before: unknown, after: unknown): AccessChange[] {
  if (before === after || before === undefined || after === undefined) return [];
  const effect = after === byPeople ? "narrows" : "widens";
  const note = `what the agent asks for is approved: ${show(before)}, then ${show(after)}`;
  return [{ area: "network", effect, comparable: true, what: "approval", note, blocks: [], sources: [] }];
}

const byPeople = "manual";

function side(written: unknown, runtime: unknown): DiffSide | undefined {
  const found = policySchema.safeParse({ version: 1, ...(isObject(written) ? written : {}) });
  if (!found.success || !isObject(written)) return undefined;
  return { policy: found.data, sources: presetsOf(found.data), tellsPrograms: tellsPrograms(runtime) };
}

/** Which blocks of a policy are those of a preset. */
export function presetsOf(policy: Policy): Map<string, PolicySource> {
  const blocks = Object.entries(policy.network_policies ?? {});
  return new Map(
    blocks.flatMap(([name, block]) => {
      const preset = presetBlocks().get(`${name} ${canonical(block)}`);
      return preset === undefined ? [] : [[name, preset] as const];
    }),
  );
}

let known: Map<string, PolicySource> | undefined;

function presetBlocks(): Map<string, PolicySource> {
  if (known) return known;
  const folder = new URL("../../policies/presets/", import.meta.url);
  known = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    const { policy } = readPolicy(readFileSync(new URL(file, folder), "utf8"), file);
    for (const [name, block] of Object.entries(policy.network_policies ?? {})) {
      known.set(`${name} ${canonical(block)}`, { kind: "preset", name: file.slice(0, -".yaml".length) });
    }
  }
  return known;
}
