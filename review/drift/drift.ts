import { asLeft } from "../preview/as-left.ts";
import { goneSinceUpdate, type StandingResource } from "../preview/gone-since-update.ts";
import { overlap } from "../preview/input-changes.ts";
import { labelOf } from "../preview/losses.ts";
import type { NamedValue } from "../preview/named-properties.ts";
import type { Beside } from "../preview/opened-beside.ts";
import type { Preview } from "../preview/preview.ts";
import { nameOf, operationOf, type PreviewState } from "../preview/preview-step.ts";
import { confirms, type ResourceChange } from "../preview/resource-changes.ts";
import { type ValueChange, valueChanges } from "../values.ts";

/** A resource as the last update left it, which the state had before anybody looked at the real thing, or keeps since. */
export interface Recorded {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A property that is not as the last update left it, and what an update does with it, by what the code wants now, if anything. */
export interface DriftedValue extends ValueChange {
  readonly update: "restores" | "keeps" | "changes" | "leaves";
}

/** A resource that is not as the last update left it. */
export interface Drift {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly label: string;
  /** True when it is not there any more. */
  readonly gone: boolean;
  /** From what was recorded to what was found. */
  readonly values: readonly DriftedValue[];
  /** The secrets of which another one was found, by path; their values are never read. */
  readonly secrets: readonly string[];
}

/** The recorded states that a preview with a refresh shows, as the Pulumi CLI prints them. */
export function recordedIn(preview: Preview): Map<string, Recorded> {
  const looked = preview.steps.flatMap((step) => {
    const { urn, oldState } = step;
    return operationOf(step) === "refresh" && oldState ? [{ ...oldState, urn }] : [];
  });
  return recordedOf(looked, preview);
}

/** What the last update left, by what the state has of it; also what an earlier refresh found gone, if the program would make it again. */
export function recordedOf(
  standing: readonly (StandingResource & Pick<PreviewState, "inputs">)[],
  { steps }: Preview,
): Map<string, Recorded> {
  const gone = goneSinceUpdate(standing);
  const again = steps.filter((step) => operationOf(step) === "create" && gone.includes(nameOf(step.urn)));
  return new Map([
    ...standing.map((one): [string, Recorded] => [one.urn, { type: one.type, inputs: asLeft(one) }]),
    ...again.map(({ urn, newState }): [string, Recorded] => [urn, { type: newState?.type ?? "", inputs: {} }]),
  ]);
}

/** What has changed without us and is not as the code wants it, among the resources that an update would touch. */
export function driftOf(changes: readonly ResourceChange[], recorded: ReadonlyMap<string, Recorded>): Drift[] {
  return changes.flatMap((change): Drift[] => {
    const { urn, operation, before, after } = change;
    const { drifted } = change.secrets;
    const known = recorded.get(urn);
    if (known === undefined || confirms(change)) return [];
    const gone = operation === "create";
    const values = [
      ...(before ? driftedValues(known.inputs, before.inputs, after?.inputs) : []),
      ...change.named.filter(({ drifted: byHand }) => byHand).map(takenBack),
    ];
    const secrets = gone ? [] : drifted;
    if (!gone && values.length === 0 && secrets.length === 0) return [];
    return [{ urn, name: nameOf(urn), type: known.type, label: labelOf(known.type), gone, values, secrets }];
  });
}

/** What was found beside what the stack manages, as drift of what it was found at. */
export function driftBeside(found: readonly Beside[]): Drift[] {
  return [...Map.groupBy(found, ({ urn }) => urn)].map(([urn, same]) => {
    const type = same[0]?.type ?? "";
    const values = same.flatMap(({ property, facts }) =>
      facts.map(({ before, after }): DriftedValue => ({ path: property, before, after, update: "leaves" })),
    );
    return { urn, name: nameOf(urn), type, label: labelOf(type), gone: false, values, secrets: [] };
  });
}

/** What no input shows the program does not give, so an update makes it what it was. */
function takenBack({ path, before, recorded }: NamedValue): DriftedValue {
  return { path, before: recorded, after: before, update: "restores" };
}

function driftedValues(left: unknown, found: unknown, wanted: unknown): DriftedValue[] {
  const [differs, moved] = [valueChanges(found, wanted), valueChanges(left, wanted)];
  return valueChanges(left, found).map((value) => {
    const isIn = (changes: readonly ValueChange[]) => changes.some(({ path }) => overlap(path, value.path));
    return { ...value, update: !isIn(moved) ? "restores" : !isIn(differs) ? "keeps" : "changes" };
  });
}
