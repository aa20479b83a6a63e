import { isUntold, show, unknownValue } from "../values.ts";
import { groupTypes } from "./openings.ts";
import { nameOf, operationOf, type PreviewState, type PreviewStep, typeOf } from "./preview-step.ts";

/** A security group of AWS's. */
export interface Group {
  /** Its own resource, or where none is shown its id. */
  readonly key: string;
  /** What people call it. */
  readonly name: string;
}

/** In which group a state of a rule is; nothing where that cannot be told. A group is itself. */
export type GroupOf = (urn: string, state: PreviewState) => Group | undefined;

/** By all that a preview shows. An id that only the update brings is that of a group that it makes, and on which the property depends. */
export function groupsIn(steps: readonly PreviewStep[]): GroupOf {
  const shown = steps.filter((step) => groupTypes.test(typeOf(step)));
  const groupAt = (urn: string): Group => ({ key: urn, name: nameOf(urn) });
  const isMade = (urn: string) => shown.some((step) => step.urn === urn && makes.includes(operationOf(step)));
  return (urn, { type, inputs, propertyDependencies }) => {
    if (groupTypes.test(type)) return groupAt(urn);
    const id = inputs?.securityGroupId;
    if (id === unknownValue) {
      const [on, ...more] = propertyDependencies?.securityGroupId ?? [];
      // Of a group that stays the id is known, so what depends on it is something else of it.
      return on !== undefined && more.length === 0 && isMade(on) ? groupAt(on) : undefined;
    }
    if (typeof id !== "string" || id === "" || isUntold(id)) return undefined;
    const own = shown.find(({ oldState, newState }) => [oldState, newState].some((state) => state?.id === id));
    return own ? groupAt(own.urn) : { key: `id ${id}`, name: show(id) };
  };
}

const makes = ["create", "replace"];
