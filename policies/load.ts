import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault } from "./fault.ts";
import { type MergedPolicy, mergePolicies, type NamedPolicy } from "./merge.ts";
import { nearest } from "./nearest.ts";
import { PolicyError, readPolicy } from "./read.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const project = fileURLToPath(new URL("..", import.meta.url));

/** What a stack chooses: presets by name, and a policy file of its own, relative to the project's folder. */
export interface PolicyChoice {
  /** One that is `undefined` cannot be read, and is passed over. */
  readonly presets: readonly (string | undefined)[];
  readonly file?: string | undefined;
}

/** The presets that come with the project: one file each in `policies/presets`. */
export function presetNames(): string[] {
  return readdirSync(`${here}presets`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/**
 * The policy of a stack: the baseline, its presets and its own file, merged.
 *
 * @throws PolicyError with the faults of all files at once, unknown presets among them
 *
 * @example
 * const { policy, sources } = loadPolicy({ presets: ["github"], file: "policies/mine.yaml" });
 */
export function loadPolicy(
  choice: PolicyChoice,
  readFile = (path: string): string => readFileSync(path, "utf8"),
  known: readonly string[] = presetNames(),
): { policy: MergedPolicy; sources: NamedPolicy[] } {
  const { sources, faults } = readPolicies(choice, readFile, known);
  if (faults.length > 0) throw new PolicyError(faults);
  return { policy: mergePolicies(sources), sources };
}

/** The policies that a stack's is merged of, as far as they can be read, and what is wrong with the others. */
export function readPolicies(
  { presets, file }: PolicyChoice,
  readFile: (path: string) => string,
  known: readonly string[] = presetNames(),
): { sources: NamedPolicy[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const sources: NamedPolicy[] = [];
  const add = (name: string, shown: string, path: string, setting: string) => {
    try {
      sources.push({ name, file: shown, ...readPolicy(text(path, shown, setting, readFile), shown) });
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      faults.push(...error.issues);
    }
  };

  add("baseline", "policies/baseline.yaml", `${here}baseline.yaml`, "policy");
  for (const [index, preset] of presets.entries()) {
    if (preset === undefined || presets.indexOf(preset) !== index) continue;
    if (known.includes(preset))
      add(`preset ${preset}`, `policies/presets/${preset}.yaml`, `${here}presets/${preset}.yaml`, "policy.presets");
    else faults.push(unknownPreset(preset, index, known));
  }
  if (file !== undefined) add(file, file, resolve(project, file), "policy.file");
  return { sources, faults };
}

function unknownPreset(preset: string, index: number, known: readonly string[]): Fault {
  const instead = nearest(preset, known) ?? "one of these, or a policy file of your own (policy.file)";
  const message = `there is no preset ${JSON.stringify(preset)}; there are ${known.join(", ")}`;
  return { path: `policy.presets[${index}]`, message, instead };
}

function text(path: string, shown: string, setting: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    const { code = (error as Error).message } = error as NodeJS.ErrnoException;
    const message = `${shown} cannot be read: ${code === "ENOENT" ? "there is no such file" : code}`;
    const instead = "a path that is there, from the project's folder";
    throw new PolicyError([{ path: setting, message, instead }]);
  }
}
