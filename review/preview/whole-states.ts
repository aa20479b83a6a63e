import { nameOf, type PreviewState, type PreviewStep, typeIn } from "./preview-step.ts";

/** What an operation must show of a resource: what is there, and what is wanted. */
const shown: Readonly<Record<string, readonly ("oldState" | "newState")[]>> = {
  create: ["newState"],
  update: ["oldState", "newState"],
  delete: ["oldState"],
  replace: ["oldState", "newState"],
  "create-replacement": ["newState"],
};

// Whose inputs are never none, and so are missing where they are not written.
const asked = /^(nemoclaw:(host|local)|aws|gcp):/;

/**
 * What a step lacks of the states that its operation is about, in words; nothing where it is whole. A resource that is missing
 * on one side would be taken for one that asks for nothing.
 */
export function missingState(step: PreviewStep): string | undefined {
  for (const side of shown[step.op] ?? []) {
    const state = step[side];
    if (!state) return `${step.op} ${nameOf(step.urn)} without its ${side}`;
    if (inputsMissing(step.urn, state)) return `${step.op} ${nameOf(step.urn)} without the inputs of its ${side}`;
  }
  return undefined;
}

function inputsMissing(urn: string, { type, custom, inputs }: PreviewState): boolean {
  if (custom === false || inputs !== undefined) return false;
  return asked.test(type) || asked.test(typeIn(urn));
}
