import { EngineError } from "./errors.ts";
import { isObject, isSecret, type Properties, secret, type Value } from "./values.ts";

/** Steps into a value: property names and array positions. */
export type PropertyPath = (string | number)[];

/**
 * Reads Pulumi's spelling of a path.
 *
 * @example
 * parsePath('machine.accept[0]["a.b"]'); // ["machine", "accept", 0, "a.b"]
 */
export function parsePath(text: string): PropertyPath {
  const path: PropertyPath = [];
  let rest = text;
  while (rest !== "") {
    const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(rest);
    const index = /^\[(\d+|\*)\]/.exec(rest);
    const name = /^\.?([^.[\]]+)/.exec(rest);
    const found = quoted ?? index ?? name;
    if (!found)
      throw new EngineError(`"${text}" is not a property path; it stops making sense at "${rest}"`, { exitCode: 64 });
    const [whole, step = ""] = found;
    if (found === quoted) path.push(step.replaceAll('\\"', '"'));
    else path.push(found === index && step !== "*" ? Number(step) : step);
    rest = rest.slice(whole.length);
  }
  return path;
}

/** The text of a path, as `parsePath` reads it. */
export function formatPath(path: PropertyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[^.[\]"]+$/.test(step)) return `${text}["${step.replaceAll('"', '\\"')}"]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** True when everything at `inner` is inside `outer`; `*` matches any step. */
export function contains(outer: PropertyPath, inner: PropertyPath): boolean {
  return outer.length <= inner.length && outer.every((step, at) => step === "*" || step === inner[at]);
}

/** `inputs` with each path as it is in `before`: what `ignoreChanges` asks for. */
export function keepOld(inputs: Properties, before: Properties, paths: readonly string[]): Properties {
  const kept = structuredClone(inputs);
  for (const path of paths) reset(parsePath(path), before, kept, false);
  return kept;
}

function reset(path: PropertyPath, before: Value, after: Value, hidden: boolean): void {
  const [step, ...deeper] = path;
  if (step === undefined) return;
  if (isSecret(before)) {
    reset(path, before.value, after, !isSecret(after));
  } else if (isSecret(after)) {
    reset(path, before, after.value, false);
  } else if (step === "*") {
    for (const key of keysOf(before, after)) reset([key, ...deeper], before, after, hidden);
  } else if (Array.isArray(after) && Array.isArray(before) && typeof step === "number") {
    // An array cannot get or lose one place in its middle, so a place that only one side has stays as it is.
    const [old, current] = [before[step], after[step]];
    if (old === undefined || current === undefined) return;
    if (deeper.length > 0) reset(deeper, old, current, hidden);
    else after[step] = hidden ? secret(old) : old;
  } else if (isObject(after) && isObject(before) && typeof step === "string") {
    const [old, current] = [before[step], after[step]];
    if (deeper.length === 0 && old === undefined) delete after[step];
    else if (deeper.length === 0) after[step] = hidden ? secret(old as Value) : (old as Value);
    else if (old !== undefined && current !== undefined) reset(deeper, old, current, hidden);
  }
}

function keysOf(before: Value, after: Value): (string | number)[] {
  if (Array.isArray(before) && Array.isArray(after)) return [...after.keys()];
  return isObject(before) && isObject(after) ? Object.keys({ ...before, ...after }) : [];
}
