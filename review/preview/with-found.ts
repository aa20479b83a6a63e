import { isObject } from "../values.ts";
import { filled } from "./given-forms.ts";
import { inputChanges } from "./input-changes.ts";
import type { PropertyPath } from "./property-path.ts";

/**
 * Inputs with what a look found at a path put among them. Of a list, whose order may be another one in each of the two, an entry that
 * agrees with the one that was found is taken for it; one that is in no input is put at the end. What is inside a secret is one.
 */
export function withFound(inputs: unknown, outputs: unknown, [key, ...rest]: PropertyPath): unknown {
  if (key === undefined) return outputs;
  if (typeof key === "string") {
    const [into, from] = [isObject(inputs) ? inputs : {}, isObject(outputs) ? outputs[key] : outputs];
    return { ...into, [key]: withFound(into[key], from, rest) };
  }
  const [list, item] = [Array.isArray(inputs) ? inputs : [], Array.isArray(outputs) ? outputs[key] : outputs];
  const at = rest.length === 0 ? -1 : placeOf(item, list, key);
  return at < 0 ? [...list, item] : list.with(at, withFound(list[at], item, rest));
}

function placeOf(found: unknown, list: readonly unknown[], place: number): number {
  return agrees(list[place], found) ? place : list.findIndex((one) => agrees(one, found));
}

function agrees(input: unknown, found: unknown): boolean {
  if (!isObject(input) || !isObject(found)) return false;
  return Object.entries(input).every(
    ([key, value]) => key === filled || typeof value === "object" || inputChanges(value, found[key]).length === 0,
  );
}
