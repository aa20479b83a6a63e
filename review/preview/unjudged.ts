import type { Fact } from "../facts.ts";
import { shown, type ValueChange } from "../values.ts";
import { isReported } from "./access-properties.ts";
import { isOnlyKey } from "./command-way.ts";
import { formOf, isUsualSecret } from "./declared-types.ts";
import { type Around, type Form, isNothing, type Outside } from "./given-forms.ts";
import { inputChanges, isPartOf, overlap } from "./input-changes.ts";
import { madeByMachine, madeBySiteCommands } from "./made-by.ts";
import type { NamedValue } from "./named-properties.ts";
import type { IsOwn } from "./own-names.ts";
import type { PreviewStep } from "./preview-step.ts";
import { propertyPath } from "./property-path.ts";
import { isUntoldUpdate, type ResourceChange } from "./resource-changes.ts";
import { withFound } from "./with-found.ts";

/**
 * What is made or changed and no rule looks into: resources of types that the components do not make, and of theirs what they do not
 * give them. It may open anything, so it is told with all that it is given.
 *
 * @param isOwn whether what is named is the stack's own
 * @param steps all that the preview shows
 */
export function unjudged(changes: readonly ResourceChange[], isOwn: IsOwn, steps: readonly PreviewStep[]): Fact[] {
  return changes.flatMap((change) => {
    const { type, label, name, operation, values, named } = change;
    const form = formOf(type);
    // Of what another type's resource did nobody knows whether it let in or kept out.
    if (operation === "delete")
      return form
        ? []
        : [{ what: `${label} ${name} goes`, effect: "unclear", note: `what it kept out is not looked into: ${type}` }];
    const note = `what this opens is not looked into: ${type}`;
    const told = [
      ...(form ? notAsGiven(change, form, isOwn) : values).map(valueFact),
      ...named.filter((one) => one.unclear || (form && isUnknownGone(change, one, form, isOwn))).map(valueFact),
      ...secretFacts(change, steps),
    ];
    if (form !== undefined && isUntoldUpdate(change))
      return [{ what: `${label} ${name}`, effect: "unclear", note: "the preview does not show what of it changes" }];
    if (form === undefined && told.length === 0)
      return [{ what: `${label} ${name}`, effect: "unclear", note } as const];
    return told.map(
      ({ what, ...fact }): Fact => ({ what: `${what} of ${label} ${name}`, ...fact, effect: "unclear", note }),
    );
  });
}

function valueFact({ path, before, after }: ValueChange): Fact {
  const none = before === undefined && after === undefined;
  return {
    what: path,
    before: shown(before),
    after: none ? "nothing: a default of the cloud's own is taken" : shown(after),
  };
}

/** What changes from one secret to another: what either of them says is not to be seen. */
function secretFacts(
  { urn, type, secrets: { before, after, changed, drifted } }: ResourceChange,
  steps: readonly PreviewStep[],
): Fact[] {
  return [...new Set([...changed, ...drifted])]
    .filter((path) => before.includes(path) && after.includes(path) && !isUsualSecret(type, path) && !isUsualWay(path))
    .map((path) => ({ what: path, before: "a secret", after: "another secret" }));

  function isUsualWay(path: string): boolean {
    if (type !== "command:remote:Command") return false;
    return (madeBySiteCommands(urn) && isPartOf(path, "connection")) || isOnlyKey(path, urn, steps);
  }
}

function notAsGiven(change: ResourceChange, form: Form, isOwn: IsOwn): ValueChange[] {
  const { before, after } = change;
  const outside = (inputs: unknown) => form(inputs ?? {}, around(change, isOwn), "");
  const is = outside(after?.inputs);
  if (before === undefined) return is.map(({ path, value }) => ({ path, after: value }));
  // A value that goes was a restriction only where nobody knows what it was.
  const counts = [...is, ...outside(before.inputs).filter((one) => one.kind === "fixed" || isUnknown(one))];
  return inputChanges(before.inputs ?? {}, after?.inputs ?? {}).filter((one) =>
    counts.some(({ path }) => overlap(path, one.path)),
  );
}

function around(change: ResourceChange, isOwn: IsOwn): Around {
  const [ofMachine, ofSite] = [madeByMachine(change), madeBySiteCommands(change.urn)];
  return { isOwn, isNew: change.before === undefined, ofMachine, ofSite };
}

/**
 * Whether something that no input shows, and that was so before the look, goes and is nothing that the components give. Without a value
 * that is as good as none a cloud does the same.
 */
function isUnknownGone(change: ResourceChange, one: NamedValue, form: Form, isOwn: IsOwn): boolean {
  const { before, operation } = change;
  if (operation !== "update" || one.drifted || one.after !== undefined) return false;
  if (isNothing(one.before) || one.before === false || one.before === 0) return false;
  const at = propertyPath(one.path);
  const inputs = withFound(before?.inputs, before?.outputs, at);
  const outside = isReported(at) ? [] : form(inputs, around(change, isOwn), "");
  return outside.some((each) => (each.kind === "fixed" || isUnknown(each)) && overlap(each.path, one.path));
}

/** One more entry of a list, such as a disk or an interface, keeps nobody out. */
const isUnknown = ({ path, kind }: Outside) => kind === "unknown" && !path.includes("[");
