import type { Recorded } from "../drift/drift.ts";
import { valueChanges } from "../values.ts";
import { isReported } from "./access-properties.ts";
import { type LookedAt, lookedAt, type Properties } from "./looked-at.ts";
import { labelOf } from "./losses.ts";
import { isSame } from "./named-properties.ts";
import type { PreviewStep } from "./preview-step.ts";
import type { ResourceChange } from "./resource-changes.ts";

/**
 * What is to be otherwise than the last update left it, each from what was left to what is wanted: what an update changes; and what a look
 * has found changed as the code wants it by now, of which an update finds nothing to do.
 */
export function changesSinceUpdate(
  changes: readonly ResourceChange[],
  steps: readonly PreviewStep[],
  recorded: ReadonlyMap<string, Recorded>,
): ResourceChange[] {
  const changed = changes.flatMap((change) => {
    const left = recorded.get(change.urn)?.inputs;
    return left ? since(change, left) : [];
  });
  const standing = lookedAt(steps).flatMap((one) => {
    const left = recorded.get(one.urn)?.inputs;
    return left ? since(asChange(one), leftByHand(one, left)) : [];
  });
  return [...changed, ...standing];
}

function since(change: ResourceChange, left: Properties): ResourceChange[] {
  const { before, after } = change;
  if (!before || !after) return [];
  const [was, is] = [left, after.inputs ?? {}].map((inputs) => Object.entries(inputs));
  const inputs = Object.fromEntries([
    ...(was ?? []).filter(([key]) => !isByItself(key)),
    ...(is ?? []).filter(([key]) => isByItself(key)),
  ]);
  const values = valueChanges(inputs, after.inputs ?? {});
  // Where it is wanted as the last update left it, nothing is kept.
  return values.length > 0 ? [{ ...change, values, named: [], before: { ...before, inputs } }] : [];
}

// Whether a machine of AWS's was to have an address its provider reads off whether it has one, which one that is stopped has not.
const isByItself = (key: string) => key === "associatePublicIpAddress" || isReported([key]);

/**
 * What is wanted, but with what somebody has changed as it was left. A provider may write all of it otherwise than a program does, also what
 * it finds as it was; what it writes into the outputs it wrote itself each time.
 */
function leftByHand({ stays, recorded, found = {} }: LookedAt, left: Properties): Properties {
  const wanted = stays?.inputs ?? {};
  const keys = [...new Set([...Object.keys(left), ...Object.keys(wanted)])];
  return Object.fromEntries(
    keys.map((key) => [key, isSame(recorded[key], found[key]) ? wanted[key] : left[key]] as const),
  );
}

function asChange({ urn, name, type, stays }: LookedAt): ResourceChange {
  const secrets = { before: [], after: [], changed: [], drifted: [], named: false };
  return {
    ...{ urn, name, type, label: labelOf(type), operation: "update", madeAnew: false, because: [] },
    ...{ values: [], named: [], secrets, before: stays, after: stays },
  };
}
