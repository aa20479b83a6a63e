import type { Fact } from "../facts.ts";
import { isPartOf } from "./input-changes.ts";
import { groupTypes, listedOpenings } from "./openings.ts";
import type { PreviewStep } from "./preview-step.ts";
import { namedPaths } from "./property-path.ts";
import type { ResourceChange } from "./resource-changes.ts";

type Change = Pick<ResourceChange, "urn" | "type" | "name" | "before" | "after"> &
  Partial<Pick<ResourceChange, "operation">>;

/** The lists of rules that AWS's security groups keep although the program gives them none any more, by the group. */
export type LeftLists = ReadonlyMap<string, unknown>;

/**
 * AWS's provider takes a list that is not given for one that others look after, and leaves it; an empty one takes all of it away. So does what
 * a preview names, whatever is known of its provider.
 *
 * @param steps all that the preview shows
 */
export function leftLists(changes: readonly Change[], steps: readonly PreviewStep[]): LeftLists {
  const isNamed = (urn: string) =>
    steps.some(
      (step) =>
        step.urn === urn &&
        step.op === "update" &&
        [...namedPaths([step]), ...(step.diffReasons ?? [])].some((path) => isPartOf(path, "ingress")),
    );
  return new Map(
    changes.flatMap(({ urn, type, operation, before, after }) => {
      const [was, is] = [before?.inputs?.ingress, after?.inputs?.ingress];
      const isLeft =
        groupTypes.test(type) && operation !== "replace" && after !== undefined && (is ?? undefined) === undefined;
      return isLeft && !isNamed(urn) && listedOpenings(was).length > 0 ? [[urn, was] as const] : [];
    }),
  );
}

/** A change with the list that is left among what is there then. */
export function withLeftList<Any extends Change>(change: Any, lists: LeftLists): Any {
  const { urn, after } = change;
  if (!after || !lists.has(urn)) return change;
  return { ...change, after: { ...after, inputs: { ...after.inputs, ingress: lists.get(urn) } } };
}

/** What is not lost with a list that the program gives no more. */
export function leftFacts(changes: readonly Change[], lists: LeftLists): Fact[] {
  return changes.flatMap(({ urn, name }) => {
    const shown = listedOpenings(lists.get(urn)).map(({ range, ports }) => `${range} to ${ports.shown}`);
    return [...new Set(shown)].map((before): Fact => ({ what: `open on ${name}`, before, effect: "neutral", note }));
  });
}

const note = "not lost: AWS's provider leaves a list that is no longer given; an empty one would close it";
