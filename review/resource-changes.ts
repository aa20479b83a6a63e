import { labelOf, lossOf } from "./losses.ts";
import { nameOf, operationOf, type Preview, type PreviewState, type PreviewStep } from "./preview.ts";
import { holdsSecret, type ValueChange, valueChanges } from "./values.ts";

export type Operation = "create" | "update" | "replace" | "delete";

/** What happens to one resource. */
export interface ResourceChange {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** What people call that type. */
  readonly label: string;
  readonly operation: Operation;
  /** What goes with it. */
  readonly lost?: string;
  /** The properties that make it a replacement. */
  readonly because: readonly string[];
  readonly values: readonly ValueChange[];
  /** Secrets among its properties. */
  readonly secrets: readonly string[];
  /** Which of them have changed for sure. */
  readonly rotated: readonly string[];
  readonly before?: PreviewState;
  readonly after?: PreviewState;
}

const operations: readonly string[] = ["create", "update", "replace", "delete"];

/** Every resource that something happens to; components and providers, which are nothing by themselves, are left out. */
export function resourceChanges({ steps }: Preview): ResourceChange[] {
  const doing = steps.filter((step) => operations.includes(operationOf(step)) && isOwn(step));
  return [...Map.groupBy(doing, ({ urn }) => urn)].map(([urn, same]) => changeOf(urn, same));
}

function isOwn({ urn, oldState, newState }: PreviewStep): boolean {
  return (
    (newState ?? oldState)?.custom !== false &&
    !/::(pulumi:providers:|pulumi:pulumi:)[^:]*::/.test(urn.replace(/\$/g, "::"))
  );
}

function changeOf(urn: string, steps: readonly PreviewStep[]): ResourceChange {
  const kinds = steps.map(operationOf);
  // A URN that is both deleted and created is replaced, whatever the engine calls its steps.
  const both = kinds.includes("delete") && kinds.includes("create");
  const operation = (kinds.includes("replace") || both ? "replace" : kinds[0]) as Operation;
  const before = steps.find(({ oldState }) => oldState)?.oldState ?? undefined;
  const after =
    operation === "delete" ? undefined : (steps.findLast(({ newState }) => newState)?.newState ?? undefined);
  const type = (after ?? before)?.type ?? "";
  const inputs = { ...before?.inputs, ...after?.inputs };
  const secrets = Object.keys(inputs).filter((key) => holdsSecret(inputs[key]));
  const values = before && after ? valueChanges(before.inputs, after.inputs) : [];
  const reasons = steps.flatMap(({ diffReasons, detailedDiff }) => [
    ...(diffReasons ?? []),
    ...Object.keys(detailedDiff ?? {}),
  ]);
  const rotated = secrets.filter((key) => reasons.some((reason) => reason === key || reason.startsWith(`${key}.`)));
  const gone = operation === "replace" || operation === "delete";
  return {
    urn,
    name: nameOf(urn),
    type,
    label: labelOf(type),
    operation,
    lost: gone ? lossOf(type, before) : undefined,
    because: [...new Set(steps.flatMap(({ replaceReasons }) => replaceReasons ?? []))],
    values,
    secrets,
    // Nothing to be seen has changed, so it is what cannot be seen.
    rotated:
      operation === "update" && rotated.length === 0 && values.length === 0
        ? secrets.filter((key) => key !== "machine")
        : rotated,
    before,
    after,
  };
}
