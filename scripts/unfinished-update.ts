import { afterCutCreation } from "../review/preview/left-half-way.ts";
import type { Fault } from "./environment-faults.ts";
import type { StackState } from "./stack-state.ts";

/**
 * What an update that did not come to its end has left open, as faults: what it was making when it was interrupted, and that
 * there was no other one before it. One that is running now looks the same.
 */
export function unfinishedFaults(stack: string, { cutCreations = [], find }: StackState): Fault[] {
  const cut = cutCreations.map((what) => ({
    found: `an update is making the ${what} now, or was interrupted at it: it may be there without the state knowing it`,
    try: afterCutCreation(stack),
  }));
  const program = find("pulumi:pulumi:Stack");
  // The program has outputs once an update of it has come to its end; those of an older version do not tell what it leaves.
  if (program === undefined || Object.keys(program.outputs).length > 0) return cut;
  const found = "no update has come to its end yet, so something that is configured may not be there at all";
  return [...cut, { found, try: `if none is running, scripts/pulumi up -s ${stack}` }];
}
