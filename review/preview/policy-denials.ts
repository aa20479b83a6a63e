import { isObject, isUntold, shownEach } from "../values.ts";
import { type PreviewStep, typeOf } from "./preview-step.ts";

/** Whether a policy of AWS's may deny something: that is so unless all of its statements can be read, and allow. */
export function mayDeny(policy: unknown): boolean {
  const read = typeof policy === "string" ? parsed(policy) : policy;
  if (!isObject(read) || isUntold(read)) return true;
  const statements = [read.Statement ?? []].flat();
  return !statements.every((one) => isObject(one) && one.Effect === "Allow");
}

/**
 * The same of one that is named, by all that a preview shows: resources that stay are among them where it has looked. Of one that the
 * stack does not show nobody knows.
 */
export function namedMayDeny(arn: unknown, steps: readonly PreviewStep[]): boolean {
  const own = steps
    .filter((step) => /^aws:iam\/policy:/.test(typeOf(step)))
    .flatMap(({ oldState, newState }) => [oldState ?? [], newState ?? []].flat())
    .filter(({ id, outputs }) => shownEach([id, outputs?.arn]).includes(String(arn)));
  return own.length === 0 || own.some(({ inputs }) => mayDeny(inputs?.policy));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
