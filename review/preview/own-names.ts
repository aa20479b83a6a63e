import { shownEach, unknownValue } from "../values.ts";
import { type PreviewStep, typeOf } from "./preview-step.ts";

/** Whether what a resource names is one of the stack's own, of these types. What only the update brings is; a secret is not. */
export type IsOwn = (types: RegExp, named: unknown) => boolean;

/** By all that a preview shows, resources that stay among them where it has looked. */
export function ownNames(steps: readonly PreviewStep[]): IsOwn {
  const states = steps.flatMap((step) =>
    [step.oldState ?? [], step.newState ?? []].flat().map((state) => ({ ...state, type: typeOf(step) })),
  );
  return (types, named) => {
    if (named === undefined || named === null || named === unknownValue) return true;
    const own = states
      .filter(({ type }) => types.test(type))
      .flatMap(({ id, inputs, outputs }) => [
        ...shownEach(id),
        ...[inputs, outputs].flatMap((values) => known.flatMap((key) => shownEach(values?.[key]))),
      ]);
    return shownEach(named).every((one) => own.includes(one));
  };
}

// Of a firewall rule the tags that it is for, by which machines are put behind it.
const known = ["name", "email", "arn", "selfLink", "targetTags"];
