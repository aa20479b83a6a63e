import type { Recorded } from "../drift/drift.ts";
import { isObject, valueChanges } from "../values.ts";
import { isMirror, isReported } from "./access-properties.ts";
import { isOwnRegion } from "./declared-types.ts";
import { filled, isNothing } from "./given-forms.ts";
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
 * it finds as it was; what it writes into the outputs it wrote itself each time, but for what it has only begun to write.
 */
function leftByHand({ type, stays, recorded, found = {} }: LookedAt, left: Properties): Properties {
  const wanted = stays?.inputs ?? {};
  const was = withBegun(left, recorded, wanted, (key) => isMirror([key]) || isOwnRegion(type, key));
  const keys = [...new Set([...Object.keys(was), ...Object.keys(wanted)])];
  return Object.fromEntries(
    keys.map((key) => [key, isSame(recorded[key], found[key]) ? wanted[key] : was[key]] as const),
  );
}

/**
 * What was left, and what a newer provider fills in that was in no output before. By that alone it could be somebody's who has put there what
 * the program gives by now, so it counts only where the provider says that it fills it in, or writes it into everything.
 */
function withBegun(
  left: Properties,
  recorded: unknown,
  wanted: Properties,
  isEverywhere: (key: string) => boolean = () => false,
): Properties {
  const [had, marked] = [isObject(recorded) ? recorded : {}, [wanted[filled] ?? []].flat()];
  const isBegun = (key: string) =>
    key === filled || (isNothing(left[key]) && isNothing(had[key]) && (marked.includes(key) || isEverywhere(key)));
  const within = (key: string, value: unknown) => {
    const inner = left[key];
    return isObject(inner) && isObject(value) ? withBegun(inner, had[key], value) : inner;
  };
  const given = Object.entries(wanted).map(([key, value]) => [key, isBegun(key) ? value : within(key, value)] as const);
  return { ...left, ...Object.fromEntries(given) };
}

function asChange({ urn, name, type, stays }: LookedAt): ResourceChange {
  const secrets = { before: [], after: [], changed: [], drifted: [], named: false };
  return {
    ...{ urn, name, type, label: labelOf(type), operation: "update", madeAnew: false, because: [] },
    ...{ values: [], named: [], secrets, before: stays, after: stays },
  };
}
