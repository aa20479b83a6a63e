import { valueChanges } from "../values.ts";
import { nameOf, operationOf, type PreviewState, type PreviewStep, typeOf } from "./preview-step.ts";

export type Properties = Readonly<Record<string, unknown>>;

/** A resource that a look has found to be there. */
export interface LookedAt {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: Properties;
  readonly id?: string;
  /** The outputs that the state had before the look. */
  readonly recorded: Properties;
  /** The outputs as they were found; nothing where the preview does not show them. */
  readonly found?: Properties;
  /** Whether an update deletes or replaces it. */
  readonly goes: boolean;
  /** As the code wants it, where an update finds nothing to do, and the preview shows what was found. */
  readonly stays?: PreviewState;
}

/** What a look has found to be there, whatever an update does with it. */
export function lookedAt(steps: readonly PreviewStep[]): LookedAt[] {
  return [...Map.groupBy(steps, ({ urn }) => urn)].flatMap(([urn, own]) => {
    const [looked, doing] = [own.find(({ op }) => op === "refresh"), own.filter(({ op }) => op !== "refresh")];
    const had = looked?.oldState;
    if (!looked || !had || !looked.newState) return [];
    const goes = doing.some((step) => ["delete", "replace", "create"].includes(operationOf(step)));
    const known = doing.find(({ oldState }) => oldState)?.oldState;
    // Where an update finds nothing to do the look's own step shows what the state had on both sides, whatever it found.
    const isOther = valueChanges(had.outputs, looked.newState.outputs).length > 0;
    const found = known ?? (isOther ? looked.newState : undefined);
    const { inputs = {}, id } = known ?? had;
    const { outputs: recorded = {} } = had;
    const [same] = doing.every(({ op }) => op === "same") ? [doing.at(-1)?.newState ?? found] : [];
    const stays = found && same ? { stays: same } : {};
    return [
      { urn, name: nameOf(urn), type: typeOf(looked), inputs, id, recorded, found: found?.outputs, goes, ...stays },
    ];
  });
}
