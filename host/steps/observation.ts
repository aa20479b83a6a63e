import type { Questions } from "../question.ts";
import type { Step } from "../step.ts";

/** Facts that decide nothing but are reported: a step whose plan is always empty. */
export function observation<F>(name: string, facts: Questions<F>): Step<F> {
  return { name, facts, plan: () => [] };
}
