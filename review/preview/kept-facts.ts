import type { Recorded } from "../drift/drift.ts";
import type { Fact } from "../facts.ts";
import { valueChanges } from "../values.ts";
import type { ResourceChange } from "./resource-changes.ts";

/**
 * The facts of a preview; and what was opened without an update and is wanted by now counts as opened, too: nothing that was reviewed
 * has opened it, and an update finds nothing to do about it.
 */
export function withKept(
  changes: readonly ResourceChange[],
  recorded: ReadonlyMap<string, Recorded>,
  factsOf: (changes: readonly ResourceChange[]) => readonly Fact[],
): Fact[] {
  const facts = factsOf(changes);
  const sinceUpdate = changes.flatMap((change): ResourceChange[] => {
    const left = recorded.get(change.urn);
    if (!left || !change.before || !change.after) return [];
    const values = valueChanges(left.inputs, change.after.inputs ?? {});
    // Where it is wanted as the last update left it, nothing is kept.
    return values.length > 0
      ? [{ ...change, values, named: [], before: { ...change.before, inputs: left.inputs } }]
      : [];
  });
  const isTold = (one: Fact) =>
    facts.some(({ what, of, after }) => what === one.what && of === one.of && after === one.after);
  const kept = factsOf(sinceUpdate).filter((one) => opens(one) && !isTold(one));
  return [...kept.map(noted), ...facts];
}

const opens = ({ effect }: Fact) => effect === "widens" || effect === "unclear";

function noted(one: Fact): Fact {
  const kept = "changed without an update, and wanted so now";
  return { ...one, note: one.note ? `${one.note}; ${kept}` : kept };
}
