import { secretPaths, type ValueChange, valueChanges } from "../values.ts";
import { changedSinceUpdate } from "./as-left.ts";
import { isPartOf } from "./input-changes.ts";
import { labelOf, lossOf, lossOfRemaking } from "./losses.ts";
import { isMadeAnew } from "./made-anew.ts";
import { type NamedValue, namedProperties } from "./named-properties.ts";
import type { Preview } from "./preview.ts";
import { nameOf, operationOf, type PreviewState, type PreviewStep, typeOf } from "./preview-step.ts";
import { namedPaths } from "./property-path.ts";

export type Operation = "create" | "update" | "replace" | "delete";

/** What happens to one resource. */
export interface ResourceChange {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** What people call that type. */
  readonly label: string;
  readonly operation: Operation;
  /** Whether an update of it is of the record alone: the thing itself goes, and another takes its place. */
  readonly madeAnew: boolean;
  /** What goes with it. */
  readonly lost?: string;
  /** The properties that make it a replacement. */
  readonly because: readonly string[];
  readonly values: readonly ValueChange[];
  /** What the preview names and the values do not show. */
  readonly named: readonly NamedValue[];
  readonly secrets: SecretsOf;
  /** With what was found by hand among the inputs, whether its provider writes it there or not. */
  readonly before?: PreviewState;
  readonly after?: PreviewState;
}

/** The secrets among a resource's properties, by path: `token`, `machine.privateKey`. */
export interface SecretsOf {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Those that are another one than what was found. */
  readonly changed: readonly string[];
  /** Those that were found to be another one than the last update had left. */
  readonly drifted: readonly string[];
  /** Whether the preview names what changes; without that, `changed` is what cannot be excluded. */
  readonly named: boolean;
}

/** Whether an update only takes note of what was found, which is what the code wants by now. */
export function confirms({ operation, before, values, secrets }: ResourceChange): boolean {
  const [others, found] = [[...secrets.changed, ...secrets.drifted], changedSinceUpdate(before ?? {})];
  return operation === "update" && values.length === 0 && others.length === 0 && found.length > 0;
}

/** Whether a look has found what an upgrade left that was cut off; the plugin says so in the output `cutOffUpgrade`. */
export function cutOff({ before }: Pick<ResourceChange, "before">): boolean {
  return before?.outputs?.cutOffUpgrade === true;
}

/** Whether a preview tells nothing of what an update changes. This package's plugin says it by its inputs. */
export function isUntoldUpdate({
  type,
  operation,
  values,
  named,
  secrets: { changed, drifted },
}: ResourceChange): boolean {
  const told = values.length + named.length + changed.length + drifted.length;
  return operation === "update" && told === 0 && !type.startsWith("nemoclaw:");
}

/** The inputs of a resource; nothing where it is not there. */
export type StateInputs = Readonly<Record<string, unknown>> | undefined;

/** What the resources of a type are asked for, before and after. */
export function statesOf(changes: readonly ResourceChange[], type: RegExp): [StateInputs, StateInputs][] {
  return changes.filter((one) => type.test(one.type)).map(({ before, after }) => [before?.inputs, after?.inputs]);
}

const operations: readonly string[] = ["create", "update", "replace", "delete"];

/** Every resource that something happens to; components, which are nothing by themselves, and providers are left out. */
export function resourceChanges(preview: Preview): ResourceChange[] {
  return changesOf(preview, (type) => !ofEngine.test(type));
}

/** The same of the providers. */
export function providerChanges(preview: Preview): ResourceChange[] {
  return changesOf(preview, (type) => type.startsWith("pulumi:providers:"));
}

const ofEngine = /^pulumi:(providers|pulumi):/;

/** @param wanted by the type alone: whatever a name looks like, it is that of a resource */
function changesOf({ steps }: Preview, wanted: (type: string) => boolean): ResourceChange[] {
  const own = steps.filter((step) => (step.newState ?? step.oldState)?.custom !== false && wanted(typeOf(step)));
  const doing = own.filter((step) => operations.includes(operationOf(step)));
  const looked = Map.groupBy(
    own.filter(({ op }) => op === "refresh"),
    ({ urn }) => urn,
  );
  return [...Map.groupBy(doing, ({ urn }) => urn)].map(([urn, same]) => changeOf(urn, same, looked.get(urn) ?? []));
}

function changeOf(urn: string, steps: readonly PreviewStep[], looked: readonly PreviewStep[]): ResourceChange {
  const kinds = steps.map(operationOf);
  // A URN that is both deleted and created is replaced, whatever the engine calls its steps.
  const both = kinds.includes("delete") && kinds.includes("create");
  const operation = (kinds.includes("replace") || both ? "replace" : kinds[0]) as Operation;
  const stated = steps.find(({ oldState }) => oldState)?.oldState ?? undefined;
  const after =
    operation === "delete" ? undefined : (steps.findLast(({ newState }) => newState)?.newState ?? undefined);
  const type = (after ?? stated)?.type ?? "";
  const recorded = looked.find(({ oldState }) => oldState)?.oldState?.outputs;
  const { inputs, named } =
    stated && after
      ? namedProperties({ type, operation, steps, before: stated, after, recorded })
      : { inputs: stated?.inputs, named: [] };
  const before = stated && { ...stated, inputs };
  const values = after ? valueChanges(inputs ?? {}, after.inputs ?? {}) : [];
  const gone = operation === "replace" || operation === "delete";
  const madeAnew = operation === "update" && isMadeAnew(before, after);
  return {
    urn,
    name: nameOf(urn),
    type,
    label: labelOf(type),
    operation,
    madeAnew,
    lost: gone ? lossOf(type, before) : madeAnew ? lossOfRemaking : undefined,
    because: [...new Set(steps.flatMap(({ replaceReasons }) => replaceReasons ?? []))],
    values,
    named,
    secrets: secretsOf(steps, looked, { before: stated, after, guess: operation === "update" && values.length === 0 }),
    before,
    after,
  };
}

function secretsOf(
  steps: readonly PreviewStep[],
  looked: readonly PreviewStep[],
  { before, after, guess }: { before?: PreviewState; after?: PreviewState; guess: boolean },
): SecretsOf {
  const [was, is] = [secretPaths(before?.inputs), secretPaths(after?.inputs)];
  const named = namedAsDrifted(before);
  const drifted = was.filter((path) => named.includes(path) || changes(looked, path));
  const known = { before: was, after: is, drifted };
  if (steps.some(namesChanges)) return { ...known, changed: is.filter((path) => changes(steps, path)), named: true };
  // Nothing to be seen has changed, so it is what cannot be seen.
  return { ...known, changed: guess ? is.filter((path) => !path.startsWith("machine.")) : [], named: false };
}

/** What the plugin's look named, in an output of every resource; a preview itself does not say what a look found different. */
function namedAsDrifted(found: PreviewState | undefined): readonly unknown[] {
  const names = found?.outputs?.driftedSecrets;
  return Array.isArray(names) ? names : [];
}

function namesChanges({ diffReasons, detailedDiff }: PreviewStep): boolean {
  return (diffReasons?.length ?? 0) > 0 || Object.keys(detailedDiff ?? {}).length > 0;
}

// The keys of `diffReasons` are whole properties: one of them says nothing of a secret inside it.
function changes(steps: readonly PreviewStep[], secret: string): boolean {
  return steps.some((step) => {
    const detail = namedPaths([step]);
    if (detail.length === 0) return step.diffReasons?.includes(secret) ?? false;
    return detail.some((path) => isPartOf(path, secret));
  });
}
