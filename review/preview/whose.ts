import type { Fact } from "../facts.ts";
import { nameOf, typeIn } from "./preview-step.ts";
import type { ResourceChange, StateInputs } from "./resource-changes.ts";

/** The name of a resource, where a preview knows of several of its type: with one of each, its kind says whose a fact is. */
export type Whose = (urn: string) => { readonly of?: string };

/** @param known the resources that a preview shows or that the state has, by their URNs */
export function whoseAmong(known: Iterable<string>): Whose {
  const kinds = Map.groupBy(new Set(known), typeIn);
  return (urn) => ((kinds.get(typeIn(urn))?.length ?? 0) > 1 ? { of: nameOf(urn) } : {});
}

/** What the resources of a type tell, each of itself. */
export function factsOfEach(
  changes: readonly ResourceChange[],
  type: RegExp,
  whose: Whose,
  factsOf: (before: StateInputs, after: StateInputs) => Fact[],
): Fact[] {
  return changes
    .filter((one) => type.test(one.type))
    .flatMap(({ urn, before, after }) =>
      factsOf(before?.inputs, after?.inputs).map((one) => ({ ...one, ...whose(urn) })),
    );
}
