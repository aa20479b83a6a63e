import * as embedded from "../../policies/embedded.ts";
import type { Fault } from "../../policies/fault.ts";
import type { Finding } from "../../policies/finding.ts";
import { type PolicyChoice, readPolicies } from "../../policies/load.ts";
import { type MergedPolicy, mergePolicies, type NamedPolicy } from "../../policies/merge.ts";
import * as openshell from "../../policies/openshell.ts";
import { PolicyError } from "../../policies/read.ts";
import type { Legible } from "./legible.ts";
import type { Sections } from "./sections.ts";

export interface LoadedPolicy {
  /** Undefined when it cannot be taken. */
  readonly policy?: MergedPolicy | undefined;
  /** The same, or what can be read of it. */
  readonly legible?: MergedPolicy | undefined;
  readonly sources: readonly NamedPolicy[];
}

/** The policy a stack chooses; what is wrong with it is added to the faults. */
export function loadChosenPolicy(
  { presets = [], file }: Legible<PolicyChoice>,
  { readFile, presets: known }: { readonly readFile: (path: string) => string; readonly presets?: readonly string[] },
  faults: Fault[],
): LoadedPolicy {
  const { sources, faults: unread } = readPolicies({ presets, file }, readFile, known);
  const { policy, faults: clashes = [] } = merged(sources);
  faults.push(...unread, ...clashes);
  return { policy: unread.length === 0 ? policy : undefined, legible: legiblePart(sources), sources };
}

// From the baseline on, without which too much would look unlisted; what clashes does so with something before it.
function legiblePart(sources: readonly NamedPolicy[]): MergedPolicy | undefined {
  if (sources[0]?.name !== "baseline") return undefined;
  return merged(sources).policy ?? legiblePart(sources.slice(0, -1));
}

function merged(
  sources: readonly NamedPolicy[],
): { policy: MergedPolicy; faults?: undefined } | { policy?: undefined; faults: readonly Fault[] } {
  try {
    return { policy: mergePolicies(sources) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { faults: error.issues };
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
export function notAccepted({ kind, accept = [] }: Legible<Sections["runtime"]>, policy: MergedPolicy): Fault[] {
  const accepted = accept.filter((name) => name !== undefined);
  const open = gapsOf(kind, policy).filter((gap) => !(accepted as readonly string[]).includes(gap.accept));
  return [...Map.groupBy(open, ({ accept }) => accept)].map(([name, findings]) => ({
    path: "runtime.accept",
    message: `the ${kind} runtime does not enforce this as written:\n${findings.map(line).join("\n")}`,
    instead: `accept: [${[...accepted, name].join(", ")}], knowing this; or a policy without it`,
  }));
}

function line({ path, message }: Finding): string {
  return `    ${path}: ${message}`;
}
