import { secretPaths, type ValueChange, valueChanges } from "../values.ts";
import { isMirror, isOfAccess, isReported, onlyLetsIn, withoutReported } from "./access-properties.ts";
import { inputChanges, isPartOf, overlap } from "./input-changes.ts";
import type { PreviewState, PreviewStep } from "./preview-step.ts";
import { type PropertyPath, pathText, propertyPath, valueAt, valuesAt } from "./property-path.ts";
import { withFound } from "./with-found.ts";

/** A property that a preview names as changed and whose inputs do not show it: from what was found to what an update makes of it. */
export interface NamedValue extends ValueChange {
  /** Whether it was changed without an update. */
  readonly drifted: boolean;
  /** What the state had of it before the look. */
  readonly recorded?: unknown;
  /** Whether somebody's access depends on it, and nobody here can tell how. */
  readonly unclear: boolean;
}

/** An update or a replacement, as a preview shows it, and what the state had before the look. */
interface Shown {
  readonly type: string;
  readonly operation: string;
  readonly steps: readonly PreviewStep[];
  readonly before: PreviewState;
  readonly after: PreviewState;
  /** Not there when nobody looked. */
  readonly recorded?: PreviewState["outputs"];
}

type Properties = Readonly<Record<string, unknown>>;

/** What of a property is left to its provider: a default, or what only the update brings. */
const byProvider = "(what its provider makes of it)";

/** This package's plugin writes all that a look finds into the inputs. */
const writesAll = /^nemoclaw:/;

/**
 * What was changed by hand of a cloud's resource, and what else its provider names. Such a provider takes only those inputs from a
 * look that the program gives; whatever was added is in the outputs, and in the names of what an update changes. So what was added
 * is put among the inputs here, where drift and every rule look for it.
 *
 * @returns the inputs as they were found, and what is named besides
 */
export function namedProperties(shown: Shown): { inputs: PreviewState["inputs"]; named: NamedValue[] } {
  const { type, operation, before, after } = shown;
  const isOurs = writesAll.test(type) || (operation !== "update" && operation !== "replace");
  if (isOurs) return { inputs: before.inputs, named: [] };
  const given = valueChanges(before.inputs ?? {}, after.inputs ?? {});
  const secrets = [before, after].flatMap((state) => secretPaths(state.inputs));
  const named: NamedValue[] = [];
  let inputs = before.inputs ?? {};
  for (const name of namesOf(shown, given.length + secrets.length > 0)) {
    const text = pathText(name.path);
    const isGiven = given.some((one) => overlap(one.path, text));
    if (secrets.some((secret) => isPartOf(text, secret)) || (isGiven && isAsKnown(shown, name.path))) continue;
    const drifted = isByHand(shown, name);
    const isPut = drifted && !isNone(valueAt(before.outputs, name.path)) && !onlyLetsIn(type, name.path);
    if (isPut) inputs = withFound(inputs, before.outputs, name.path) as typeof inputs;
    const isSeen = valueChanges(inputs, after.inputs ?? {}).some((one) => overlap(one.path, text));
    if (!isPut || !isSeen) named.push(namedValue(shown, name, drifted && !isPut));
  }
  return { inputs, named };
}

interface Name {
  readonly path: PropertyPath;
  /** `add`, `update`, `delete`, and each of them as `…-replace`. */
  readonly kind: string;
}

/** What the preview names. Where it names nothing, and shows nothing either, what the look has found to be otherwise. */
function namesOf({ steps, before, recorded }: Shown, isShown: boolean): Name[] {
  const detail = new Map(steps.flatMap((step) => Object.entries(step.detailedDiff ?? {})));
  const whole = steps.flatMap((step) => step.diffReasons ?? []);
  const written = detail.size > 0 ? [...detail].map(([path, { kind }]) => ({ path, kind })) : whole.map(updated);
  const names = written
    .map(({ path, kind }) => ({ path: propertyPath(path), kind }))
    .filter(({ path }) => path.length > 0 && !String(path[0]).startsWith("__"));
  if (names.length === 0 && !isShown && recorded !== undefined)
    return topLevel(recorded, before.outputs)
      .filter((path) => !isReported(path) && !isAlike(valueAt(before.outputs, path), valueAt(before.inputs, path)))
      .map((path) => ({ path, kind: "update" }));
  const others = names.filter(({ path }) => !isMirror(path));
  return others.length > 0 ? others : names;
}

const updated = (path: string) => ({ path, kind: "update" });

function topLevel(recorded: Properties, found: Properties = {}): PropertyPath[] {
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(found)])];
  return keys.filter((key) => !isAlike(recorded[key], found[key])).map((key) => [key]);
}

/** Whether what was found is what the inputs say, or was there before the look. Where nothing was found, nothing is hidden. */
function isAsKnown({ before, recorded }: Shown, path: PropertyPath): boolean {
  const found = valueAt(before.outputs, path);
  const known = [before.inputs, recorded].flatMap((values) => valuesAt(values, path));
  return isNone(found) || known.some((one) => isSame(one, found));
}

/** Whether a property that is named, and that no input shows, was changed by somebody, and not by its provider. */
function isByHand({ type, operation, before, recorded }: Shown, { path, kind }: Name): boolean {
  const [found, isTakenAway] = [valueAt(before.outputs, path), kind.startsWith("delete")];
  if (isReported(path) && !isTakenAway) return false;
  if (isNone(found)) return !isNone(valueAt(recorded, path));
  if (valuesAt(before.inputs, path).some((one) => isAlike(one, found))) return false;
  // What was so before the look nobody has changed since; a default that its provider drops is named as taken away.
  if (recorded === undefined ? isTakenAway : !valuesAt(recorded, path).some((one) => isSame(one, found))) return true;
  // A refresh in between has taken it into the state already.
  return operation === "update" && isOfAccess(type, path);
}

function namedValue(
  { type, operation, before, after, recorded }: Shown,
  { path, kind }: Name,
  drifted: boolean,
): NamedValue {
  const [found, inList] = [valueAt(before.outputs, path), typeof path.at(-1) === "number"];
  const [there, wanted] = [valueAt(before.outputs, path.slice(0, -1)), valueAt(after.inputs, path)];
  // In a set the place of what goes is that of something else by then.
  const isOther = inList && Array.isArray(there) && there.some((one) => isAlike(one, wanted));
  const left = drifted || kind.startsWith("delete") ? undefined : byProvider;
  return {
    path: pathText(path),
    before: found,
    after: isNone(wanted) || (isOther && !isAlike(found, wanted)) ? left : wanted,
    drifted,
    ...(drifted && (!inList || isNone(found)) ? { recorded: valueAt(recorded, path) } : {}),
    unclear: operation === "update" && isOfAccess(type, path) && !(drifted && onlyLetsIn(type, path)),
  };
}

const isAlike = (one: unknown, other: unknown) => inputChanges(one, other).length === 0;
/** Whether two values are alike, apart from what a cloud changes by itself, such as the address of a machine that has restarted. */
export const isSame = (one: unknown, other: unknown) => isAlike(withoutReported(one), withoutReported(other));
const isNone = (value: unknown) => value === undefined || value === null;
