import type { Fact } from "../facts.ts";
import { isObject, isUntold, knownLater, valueChanges } from "../values.ts";
import { isGoogles } from "./openings.ts";
import type { StateInputs } from "./resource-changes.ts";

/** What is said of what cannot be told before an update. */
export const notTold = "the preview does not tell it";

/** What is known of a door where the preview does not tell all of it: what was there may be there still. */
export function asFarAsTold(what: string, facts: readonly Fact[], untold: boolean): Fact[] {
  if (!untold) return [...facts];
  const told = facts.filter(({ before }) => before === undefined);
  return [...told, { what, after: knownLater, effect: "unclear", note: notTold }];
}

/** Whether a preview does not tell all that a door will let in. */
export function untoldOpenings(type: string, before: StateInputs, after: StateInputs): boolean {
  const list = isGoogles(type) ? "allows" : "ingress";
  return holdsUntold(after?.[list]) && isOther(before?.[list], after?.[list]);
}

/** Whether a preview does not tell all that a door will refuse. Ports that are not known it counts as all of them, which is more. */
export function untoldRefusals(before: StateInputs, after: StateInputs): boolean {
  if (after?.denies === undefined) return false;
  const untold = [after.disabled, after.denies].flat().some((one) => isUntold(isObject(one) ? one.ports : one));
  return untold && (isOther(before?.denies, after.denies) || isOther(before?.disabled, after.disabled));
}

/** Whether a preview does not tell a value, or something in it. */
export function holdsUntold(value: unknown): boolean {
  if (isUntold(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUntold);
}

function isOther(before: unknown, after: unknown): boolean {
  return valueChanges(before, after).length > 0;
}
