import { lossOfRemaking } from "../preview/losses.ts";
import { cutOff, type ResourceChange } from "../preview/resource-changes.ts";

/** What an update does with an upgrade that was cut off, and what comes of it where that does not work. */
export function cutOffWords(change: ResourceChange): string {
  const again = isRemade(change) ? ", for which the sandbox is made anew" : "";
  const back = `what ran before that is put back, with its configuration and credentials${again}`;
  return change.values.length === 0
    ? `an upgrade of it was cut off: what runs is tried, and stays where it works; else ${back}`
    : `an upgrade of it was cut off: where this does not work, ${back}`;
}

/** What is lost where that does not work. It is no loss of the update itself, which may well work, and counts as none. */
export function lossOfGoingBack(change: ResourceChange): string | undefined {
  const { operation } = change;
  return operation === "update" && cutOff(change) && isRemade(change) ? `if it fails: ${lossOfRemaking}` : undefined;
}

function isRemade({ after }: ResourceChange): boolean {
  return after?.inputs?.runtime === "openshell";
}
