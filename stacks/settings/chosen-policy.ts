import * as embedded from "../../policies/embedded.ts";
import type { Fault } from "../../policies/fault.ts";
import type { Finding } from "../../policies/finding.ts";
import { loadPolicy, type PolicyChoice } from "../../policies/load.ts";
import type { MergedPolicy, NamedPolicy } from "../../policies/merge.ts";
import * as openshell from "../../policies/openshell.ts";
import { PolicyError } from "../../policies/read.ts";

export interface LoadedPolicy {
  readonly policy: MergedPolicy;
  readonly sources: readonly NamedPolicy[];
}

/** The policy a stack chooses; undefined when it cannot be taken, the reasons being among the faults. */
export function loadChosenPolicy(
  choice: PolicyChoice,
  { readFile, presets }: { readonly readFile: (path: string) => string; readonly presets?: readonly string[] },
  faults: Fault[],
): LoadedPolicy | undefined {
  try {
    return loadPolicy(choice, readFile, presets);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    faults.push(...error.issues);
    return undefined;
  }
}

/** What a runtime does not enforce of a policy as it is written, accepted or not. */
export function gapsOf(runtime: "embedded" | "openshell", policy: MergedPolicy): Finding[] {
  return { embedded, openshell }[runtime].unenforceable(policy);
}

/**
 * What a runtime does not enforce and the stack does not accept: one fault for each name, because a person decides about a
 * kind of thing and not about each place where it occurs.
 */
export function notAccepted(
  runtime: "embedded" | "openshell",
  policy: MergedPolicy,
  accepted: readonly string[],
): Fault[] {
  const open = gapsOf(runtime, policy).filter(({ accept }) => !accepted.includes(accept));
  return [...Map.groupBy(open, ({ accept }) => accept)].map(([accept, findings]) => ({
    path: "runtime.accept",
    message: `the ${runtime} runtime does not enforce this as written:\n${findings.map(line).join("\n")}`,
    instead: `accept: [${[...accepted, accept].join(", ")}], knowing this; or a policy without it`,
  }));
}

function line({ path, message }: Finding): string {
  return `    ${path}: ${message}`;
}
