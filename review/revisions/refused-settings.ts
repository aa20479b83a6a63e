import { type Fault, printFault } from "../../policies/fault.ts";
import { siteNamespace } from "../../stacks/settings/site-commands.ts";
import { ReviewError } from "../review-error.ts";
import { asProgram } from "./as-program.ts";
import { refuseOtherLineEnds } from "./line-ends.ts";
import { projectFile, refuseProjectFile } from "./project-file.ts";
import type { Revision } from "./revision.ts";
import { stackAt } from "./stack-at.ts";
import { readStackFile, type StackFile, stackFileOf } from "./stack-file.ts";

/**
 * What the program would refuse of a stack's settings at a revision, each fault with its place as git names it:
 * `main:stacks/Pulumi.prod.yaml`. All files are the revision's, and no secret is opened.
 */
function settingFaults(revision: Revision, stack: string): Fault[] {
  refuseOtherFiles(revision);
  const path = stackFileOf(stack);
  const text = revision.read(path);
  if (text === undefined) return [];
  const file = readStackFile(text, `${path} at ${revision.name}`);
  const faults = [...programFaults(file, revision), ...file.inClear.filter(({ path: key }) => key.startsWith(site))];
  return faults.map((fault) => ({ ...fault, file: `${revision.name}:${fault.file ?? path}` }));
}

/** @throws ReviewError for a file besides the stack's that Pulumi reads itself, where it reads it otherwise than a reviewer would or finds settings */
function refuseOtherFiles(revision: Revision): void {
  for (const path of revision.files().keys()) {
    const refuse = projectFile.test(path) ? refuseProjectFile : pluginFile.test(path) ? refuseOtherLineEnds : undefined;
    refuse?.(revision.read(path) ?? "", `${path} at ${revision.name}`, path);
  }
}

const pluginFile = /^(provider\/PulumiPlugin|policies\/guardrails\/PulumiPolicy)\.ya?ml$/;

/** An older revision whose settings cannot be taken, and why. */
export interface Refused {
  readonly revision: string;
  /** Each in a few lines, the first one the place. */
  readonly faults: readonly string[];
}

/**
 * An older revision whose settings no run would take now, or that cannot be read. What it says is not what stands, so nothing is
 * to be compared with it; nor is it an error, because the newer one may be what mends it.
 */
export function refusedBefore(revision: Revision, stack: string): Refused | undefined {
  try {
    stackAt(revision, stack);
    const faults = settingFaults(revision, stack);
    return faults.length === 0 ? undefined : { revision: revision.name, faults: faults.map(printFault) };
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error;
    return { revision: revision.name, faults: [error.message] };
  }
}

/** @throws ReviewError when the newer of two revisions has settings that no run would take: nothing is to be approved there */
export function refuseSettings(revision: Revision, stack: string): void {
  const faults = settingFaults(revision, stack);
  if (faults.length === 0) return;
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  const head = `the configuration of stack ${stack} has ${count} at ${revision.name}, so there is nothing to review`;
  throw new ReviewError([head, ...faults.map(printFault)].join("\n\n"));
}

const site = `${siteNamespace}:`;

function programFaults(file: StackFile, revision: Revision): readonly Fault[] {
  // An environment of the Pulumi Cloud adds settings that no revision has.
  if (file.beside.environment !== undefined) return file.inClear.filter(({ path }) => !path.startsWith(site));
  return asProgram(file, revision).faults ?? [];
}
