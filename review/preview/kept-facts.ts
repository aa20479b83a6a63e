import type { Fact } from "../facts.ts";
import type { ResourceChange } from "./resource-changes.ts";

/**
 * The facts of a preview; and what was opened without an update and is wanted by now, or part of it, counts as opened, too: nothing that was
 * reviewed has opened it, and an update finds nothing to do about it, or takes some of it away.
 *
 * @param sinceUpdate what is otherwise than the last update left it, and stays so
 */
export function withKept(
  changes: readonly ResourceChange[],
  sinceUpdate: readonly ResourceChange[],
  factsOf: (changes: readonly ResourceChange[]) => readonly Fact[],
): Fact[] {
  const facts = factsOf(changes);
  // What an update makes of what was found may be no more than that, and more than the last one left all the same.
  const isTold = (one: Fact) => facts.some((other) => opens(other) && isSameFact(one, other));
  const kept = factsOf(sinceUpdate).filter((one) => opens(one) && !isTold(one));
  const isKept = (one: Fact) => one.effect === "neutral" && kept.some((other) => isSameFact(one, other));
  return [
    ...kept.map((one) => noted(one, facts.some((other) => isSameFact(one, other)) ? keptInPart : keptSo)),
    ...facts.filter((one) => !isKept(one)),
  ];
}

/** Whether two facts say the same, whatever was there before; of what goes, that is what they say. */
export function isSameFact(one: Fact, other: Fact): boolean {
  const { what, of, before, after } = one;
  if (what !== other.what || of !== other.of || after !== other.after) return false;
  return after !== undefined || before === other.before;
}

const opens = ({ effect }: Fact) => effect === "widens" || effect === "unclear";

const keptSo = "changed without an update, and wanted so now";
const keptInPart = "part of what was changed without an update, and wanted now";

function noted(one: Fact, kept: string): Fact {
  return { ...one, note: one.note ? `${one.note}; ${kept}` : kept };
}
