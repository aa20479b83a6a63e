import { asEnforced } from "../../policies/as-enforced.ts";
import { type MergedPolicy, mergePolicies, type NamedPolicy } from "../../policies/merge.ts";
import type { PolicySource } from "../../policies/policy-source.ts";
import { PolicyError, readPolicy } from "../../policies/read.ts";
import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import { withDefaults } from "./as-program.ts";
import type { Revision } from "./revision.ts";
import { type Settings, section } from "./settings.ts";
import { readStackFile, type StackFile, stackFileOf } from "./stack-file.ts";

/** A stack as one revision configures it. */
export interface StackAt extends Pick<StackFile, "settings"> {
  /** The settings with the program's defaults; not there where they cannot be told. */
  readonly filled?: Settings | undefined;
  readonly policy: MergedPolicy;
  /** Where each network block comes from. */
  readonly sources: ReadonlyMap<string, PolicySource>;
  readonly runtime: "embedded" | "openshell";
}

/** @returns undefined when the revision has no such stack */
export function stackAt(revision: Revision, stack: string): StackAt | undefined {
  const path = stackFileOf(stack);
  const text = revision.read(path);
  if (text === undefined) return undefined;
  const file = readStackFile(text, `${path} at ${revision.name}`);
  const { settings } = file;
  const named = policiesOf(revision, settings.policy);
  try {
    const merged = mergePolicies(named);
    const runtime = section(settings, "runtime").kind === "openshell" ? "openshell" : "embedded";
    const sources = named.flatMap(({ source, policy }) =>
      Object.keys(policy.network_policies ?? {}).map((block) => [block, source] as const),
    );
    return {
      settings,
      filled: withDefaults(file, revision),
      policy: asEnforced(merged, runtime),
      sources: new Map(sources),
      runtime,
    };
  } catch (error) {
    throw faulty(error, revision);
  }
}

function policiesOf(revision: Revision, choice: unknown): (NamedPolicy & { readonly source: PolicySource })[] {
  const { presets = [], file } = isObject(choice) ? choice : {};
  const wanted: { source: PolicySource; path: string }[] = [
    { source: { kind: "baseline", name: "baseline" }, path: "policies/baseline.yaml" },
    ...[presets].flat().map((preset) => ({
      source: { kind: "preset", name: String(preset) } as const,
      path: `policies/presets/${preset}.yaml`,
    })),
    ...(typeof file === "string" ? [{ source: { kind: "file", name: file } as const, path: file }] : []),
  ];
  return wanted.map(({ source, path }) => {
    const text = revision.read(path);
    if (text === undefined)
      throw new ReviewError(`revision ${revision.name} has no ${path}, which its stack file names`);
    try {
      const name = source.kind === "preset" ? `preset ${source.name}` : source.name;
      return { name, source, file: path, ...readPolicy(text, path) };
    } catch (error) {
      throw faulty(error, revision);
    }
  });
}

function faulty(error: unknown, revision: Revision): unknown {
  if (!(error instanceof PolicyError)) return error;
  return new ReviewError(`the policy at revision ${revision.name} cannot be taken:\n${error.message}`);
}
