import { type Fault, printFault } from "../policies/fault.ts";
import { ReviewError } from "./review-error.ts";
import type { Revision } from "./revision.ts";
import { readStackFile, stackFileOf } from "./stack-file.ts";

/** What is wrong with a stack's settings at a revision, each with the place as git names it: `main:stacks/Pulumi.prod.yaml`. */
function settingFaults(revision: Revision, stack: string): Fault[] {
  const path = stackFileOf(stack);
  const text = revision.read(path);
  if (text === undefined) return [];
  const { inClear } = readStackFile(text, `${path} at ${revision.name}`);
  return inClear.map((fault) => ({ ...fault, file: `${revision.name}:${fault.file ?? path}` }));
}

/** @throws ReviewError when the newer of two revisions has settings that no run would take: nothing is to be approved there */
export function refuseSettings(revision: Revision, stack: string): void {
  const faults = settingFaults(revision, stack);
  if (faults.length === 0) return;
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  const head = `the configuration of stack ${stack} has ${count} at ${revision.name}, so there is nothing to review`;
  throw new ReviewError([head, ...faults.map(printFault)].join("\n\n"));
}
