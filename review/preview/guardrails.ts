import type { Declared } from "../../policies/guardrails/guardrail.ts";
import { broken, guardrails } from "../../policies/guardrails/rules.ts";
import { risksTaken } from "../../policies/guardrails/taken.ts";
import { isObject, isUntold } from "../values.ts";
import { nameOf, operationOf, type PreviewStep } from "./preview-step.ts";

/** What the guardrails say of a stack as a preview leaves it. */
export interface GuardrailResults {
  /** How many resources were judged. */
  readonly judged: number;
  /** Rules, by name, that nothing breaks and for which no risk is taken. */
  readonly kept: readonly string[];
  readonly broken: readonly BrokenRule[];
  readonly taken: readonly { readonly name: string; readonly resource: string; readonly reason: string }[];
}

export interface BrokenRule {
  readonly name: string;
  readonly rule: string;
  readonly resource: string;
  readonly path: string;
  readonly message: string;
  readonly wayOut: string;
  /** Whether it is about something that this update makes or changes; what stood before is broken already. */
  readonly changes: boolean;
}

/**
 * Asks every guardrail about the resources that a preview shows, those that stay as they are among them where it has looked.
 * The results of a policy pack are not in a preview's JSON.
 */
export function guardrailResults(steps: readonly PreviewStep[]): GuardrailResults {
  const stack = declared(steps);
  const changing = new Set(
    steps.filter((step) => ["create", "update", "replace"].includes(operationOf(step))).map(({ urn }) => nameOf(urn)),
  );
  const found = broken(stack).map(({ guardrail: { name, rule, wayOut }, violation }) => ({
    ...{ name, rule, wayOut, ...violation },
    changes: changing.has(violation.resource),
  }));
  const taken = risksTaken(stack).map(({ guardrail: { name }, ...risk }) => ({ name, ...risk }));
  const named = new Set([...found, ...taken].map(({ name }) => name));
  const kept = guardrails.map(({ name }) => name).filter((name) => !named.has(name));
  return { judged: stack.length, kept, broken: found, taken };
}

/** The broken rules as an error's text names them, with the way out. */
export function brokenText({ broken: all }: GuardrailResults): string {
  return all
    .map(
      ({ name, rule, resource, path, message, wayOut }) =>
        `  ${resource} ${path}: ${message}\n    ${name}: ${rule}\n    way out: ${wayOut}`,
    )
    .join("\n");
}

// The last state of each resource is what the update leaves, or what was found where the update leaves it alone.
function declared(steps: readonly PreviewStep[]): Declared[] {
  return [...Map.groupBy(steps, ({ urn }) => urn)].flatMap(([urn, own]) => {
    const last = own.findLast(({ newState }) => newState)?.newState;
    const gone =
      own.some((step) => operationOf(step) === "delete") && !own.some((step) => operationOf(step) === "create");
    if (!last || gone || last.custom === false) return [];
    const props = plain(last.inputs ?? {}) as Declared["props"];
    return [{ type: last.type, name: nameOf(urn), props, protect: last.protect === true }];
  });
}

// Not known here, or not for anybody's eyes: rules pass over both as over an output that is not known yet.
const later = { apply: () => later };

function plain(value: unknown): unknown {
  if (isUntold(value)) return later;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
