import { canonical } from "../policies/canonical.ts";
import type { Fact } from "./facts.ts";
import type { ResourceChange } from "./preview/resource-changes.ts";
import { type Settings, section } from "./revisions/settings.ts";
import { isObject, show, type ValueChange, valueChanges } from "./values.ts";

const ofCommands = "what a command of yours does is not looked into";
const ofHostKeys = "whoever has such a key is taken for the machine";
const ofAccepted = "what the runtime does not enforce of a policy is taken so";
const ofWay = "the way to the machine leads through it";

/** Settings of which nobody can tell by looking whether they let more in, and why. */
const settings: readonly (readonly [path: RegExp, note: string])[] = [
  [/^siteCommands$/, ofCommands],
  [/^machine\.hostKeys$/, ofHostKeys],
  [/^machine\.via(\.|$)/, ofWay],
  [/^machine\.authorizedKey$/, "whoever has its private half may log in"],
  [/^runtime\.accept$/, ofAccepted],
];

/** Which account of AWS's may be touched: a restriction, as the provider has it of this setting. */
const account = "machine.account";
const ofAccount = "with other credentials, the same is done in another account";

/**
 * What cannot be told of a setting that changes; nothing where it only takes away.
 *
 * @param after what all the settings are then
 */
export function notLookedInto(change: ValueChange, after: Settings): Pick<Fact, "effect" | "note"> {
  // Of a machine that is no more AWS's the provider goes, with what it refused.
  if (change.path === account && change.before !== undefined && section(after, "machine").kind === "aws")
    return { effect: "unclear", note: ofAccount };
  const found = settings.find(([pattern]) => pattern.test(change.path));
  return found !== undefined && (adds(change) || runsAsItGoes(change)) ? { effect: "unclear", note: found[1] } : {};
}

/** Whether a command of the site's that is there no more has a script for that. */
function runsAsItGoes({ before, after }: ValueChange): boolean {
  const kept = [after ?? []].flat().map((one) => canonical(one));
  return [before ?? []]
    .flat()
    .some((one) => isObject(one) && one.delete !== undefined && !kept.includes(canonical(one)));
}

function adds({ before, after }: ValueChange): boolean {
  const [was = [], is = []] = [before, after].map((value) => [value ?? []].flat().map((one) => canonical(one)));
  return is.some((one) => !was.includes(one));
}

/** The same of a preview: commands of the site's own, how a machine that exists is known and reached, and what is accepted. */
export function notLookedIntoOf(changes: readonly ResourceChange[]): Fact[] {
  return changes.flatMap(({ type, name, before, after }) => {
    const [was, is] = [before?.inputs ?? {}, after?.inputs ?? {}];
    if (type === "command:remote:Command") {
      // One that goes runs what it has for that.
      const keys = after === undefined ? ["delete"] : ["create", "update", "delete"];
      const scripts = keys.flatMap((key) => valueChanges(was[key], is[key], key));
      return scripts.map((one) => untoldAnyway(`${one.path} of ${name}`, one, ofCommands));
    }
    if (after === undefined) return [];
    if (type === "nemoclaw:host:SandboxRuntime")
      return valueChanges(was.accept, is.accept).map((one) => untold("accepted of the runtime", one, ofAccepted));
    if (type !== "nemoclaw:host:Preflight" || before === undefined) return [];
    const [old, now] = [was.machine, is.machine].map((machine) => (isObject(machine) ? machine : {}));
    return [
      ...valueChanges(old?.hostKeys, now?.hostKeys).map((one) => untold("host keys of the machine", one, ofHostKeys)),
      ...valueChanges(old?.via, now?.via, "via").map((one) => untold(`${one.path} of the machine`, one, ofWay)),
    ];
  });
}

/** A change of which nobody can tell by looking whether it lets more in; one that only takes grants away is none. */
export function untold(what: string, change: ValueChange, note: string): Fact {
  const { effect, note: why, ...fact } = untoldAnyway(what, change, note);
  return adds(change) ? { ...fact, effect, note: why } : fact;
}

/** The same of what may be a restriction, so that taking it away may let more in. */
export function untoldAnyway(what: string, { before, after }: ValueChange, note: string): Fact {
  const [was, is] = [before, after].map((value) => (value === undefined ? undefined : show(value)));
  return { what, before: was, after: is, effect: "unclear", note };
}
