import { bytesOf } from "../../stacks/settings/sizes.ts";
import { type Authorities, isOtherText } from "../authorities.ts";
import type { Fact } from "../facts.ts";
import { type Settings, section } from "./settings.ts";
import type { StackAt } from "./stack-at.ts";

/** What two revisions differ in besides the settings, as far as it decides on replacements. */
export interface Beside {
  /** What differs in the lock file and in the agent. */
  readonly versions: readonly Fact[];
  readonly authorities: readonly [before: Authorities | undefined, after: Authorities | undefined];
}

/** Memory of a sandbox whose limit is not written; a test compares with the setting. */
export const usualMemory = "2500M";

/**
 * Why OpenShell makes a sandbox anew, by what two revisions have: it changes nothing of one but some limits and its network
 * policy. Of the programs in it only those with a version can be told. A test compares with the recipe that the runtime makes it by.
 */
export function remadeFor(was: StackAt, is: StackAt, { versions, authorities }: Beside): string[] {
  const [before, after] = [was, is].map(({ settings }) => settings) as [Settings, Settings];
  const image = section(after, "runtime").image;
  const differ = (value: (settings: Settings) => unknown) => value(before) !== value(after);
  const fixed = [
    ...(differ((settings) => section(settings, "runtime").image) ? ["runtime.image"] : []),
    ...(isOtherText(...authorities) ? ["mirrors.ca"] : []),
    ...(differ(heap) ? ["limits.memory"] : []),
    ...(differ(gpus) ? ["machine.gpu"] : []),
  ];
  const parts = versions.filter(({ what, before: old, after: now }) => {
    if (old === undefined || now === undefined || old === "not pinned") return false;
    if (what === "openshell") return lineOf(now).startsWith("0.0.");
    return what === "agent" || what === "node" || (fixed[0] !== "runtime.image" && isOfImage(what, image));
  });
  return [...fixed, ...parts.map(({ what }) => what)];
}

/**
 * The line of OpenShell's releases that a version belongs to: `0.0.11x`, `0.1.x`. Within one a machine is upgraded in place; a test
 * compares with the lines that the runtime knows.
 */
export function lineOf(version: string): string {
  const [major = "", minor = "", patch = ""] = version.split(/[.+-]/);
  return major === "0" && minor === "0" ? `0.0.${patch.slice(0, -1)}x` : `${major}.${minor}.x`;
}

/** OpenShell's release where it is another one than before, and one of another line. */
export function otherLine({ versions }: Beside): Fact | undefined {
  return versions.find(
    ({ what, before, after }) =>
      what === "openshell" && before !== undefined && after !== undefined && lineOf(before) !== lineOf(after),
  );
}

function isOfImage(what: string, image: unknown): boolean {
  return what === `image ${image}` || what === `${image}, linux-amd64` || what === `${image}, linux-arm64`;
}

/** MiB that the agent may take for itself. */
function heap(settings: Settings): number {
  const memory = bytesOf(String(section(settings, "limits").memory ?? usualMemory));
  return Math.max(512, Math.floor(memory / 4 / 2 ** 20));
}

// A cloud's machine has those of its type, or is made with them.
function gpus(settings: Settings): unknown {
  const machine = section(settings, "machine");
  return machine.kind === "existing" ? (section(machine, "gpu").count ?? 0) : undefined;
}
