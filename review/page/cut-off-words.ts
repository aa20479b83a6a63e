import type { ResourceChange } from "../preview/resource-changes.ts";

/** What an update does with an upgrade that was cut off, and what comes of it where that does not work. */
export function cutOffWords({ after, values }: ResourceChange): string {
  const again = after?.inputs?.runtime === "openshell" ? ", for which the sandbox is made anew" : "";
  const back = `what ran before that is put back, with its configuration and credentials${again}`;
  return values.length === 0
    ? `an upgrade of it was cut off: what runs is tried, and stays where it works; else ${back}`
    : `an upgrade of it was cut off: where this does not work, ${back}`;
}
