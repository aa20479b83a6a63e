import { isObject } from "../values.ts";
import type { PreviewState } from "./preview-step.ts";

type Properties = Readonly<Record<string, unknown>>;

/**
 * The inputs of a resource as the last update left them. A refresh takes what it finds into the state, and the plugin keeps
 * beside it, in the output `leftByUpdate`, what was there before.
 */
export function asLeft({ inputs = {}, outputs = {} }: Pick<PreviewState, "inputs" | "outputs">): Properties {
  const { values, absent } = leftIn(outputs);
  const present = Object.entries(inputs).filter(([name]) => !absent.includes(name));
  return { ...Object.fromEntries(present), ...values };
}

/** The inputs that are not as the last update left them, as far as the plugin has kept that. */
export function changedSinceUpdate({ outputs = {} }: Pick<PreviewState, "outputs">): string[] {
  const { values, absent } = leftIn(outputs);
  return [...Object.keys(values), ...absent];
}

function leftIn({ leftByUpdate: left }: Properties): { values: Properties; absent: readonly string[] } {
  if (!isObject(left)) return { values: {}, absent: [] };
  const { values, absent } = left;
  return { values: isObject(values) ? values : {}, absent: Array.isArray(absent) ? absent.map(String) : [] };
}
