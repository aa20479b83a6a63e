import { afterCutCreation } from "../review/preview/left-half-way.ts";
import type { Fault } from "./environment-faults.ts";
import type { StackState } from "./stack-state.ts";

/**
 * What an update that did not come to its end has left open, as faults: what it was making when it was interrupted, and whether
 * the program has told at all what it leaves, without which nobody misses what is not there.
 */
export function unfinishedFaults(stack: string, { cutCreations = [], find }: StackState): Fault[] {
  const cut = cutCreations.map((what) => ({
    found: `an update was interrupted while it made the ${what}, so it may be there without the state knowing it`,
    try: afterCutCreation(stack),
  }));
  const program = find("pulumi:pulumi:Stack");
  if (program === undefined || typeof program.outputs.leftByUpdate === "string") return cut;
  const found = "no update has come to its end yet, so something that is configured may not be there at all";
  return [...cut, { found, try: `scripts/pulumi up -s ${stack}` }];
}
