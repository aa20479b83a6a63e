import { isAbsolute, relative, resolve } from "node:path";
import { type Fault, printFault } from "../policies/fault.ts";
import { parseConfig } from "../stacks/settings/parse-config.ts";
import { sealed, secretNames } from "../stacks/settings/secrets.ts";
import { siteNamespace } from "../stacks/settings/site-commands.ts";
import { structured } from "../stacks/settings/structured.ts";
import { ReviewError } from "./review-error.ts";
import type { Revision } from "./revision.ts";
import { stackAt } from "./stack-at.ts";
import { isSealed, readStackFile, type StackFile, stackFileOf } from "./stack-file.ts";
import { isObject } from "./values.ts";

const project = resolve(import.meta.dirname, "..");

/**
 * What the program would refuse of a stack's settings at a revision, each fault with its place as git names it:
 * `main:stacks/Pulumi.prod.yaml`. All files are the revision's, and no secret is opened.
 */
function settingFaults(revision: Revision, stack: string): Fault[] {
  const path = stackFileOf(stack);
  const text = revision.read(path);
  if (text === undefined) return [];
  const file = readStackFile(text, `${path} at ${revision.name}`);
  const faults = [...programFaults(file, revision), ...file.inClear.filter(({ path: key }) => key.startsWith(site))];
  return faults.map((fault) => ({ ...fault, file: `${revision.name}:${fault.file ?? path}` }));
}

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

function programFaults({ config, beside, inClear }: StackFile, revision: Revision): readonly Fault[] {
  // An environment of the Pulumi Cloud adds settings that no revision has.
  if (beside.environment !== undefined) return inClear.filter(({ path }) => !path.startsWith(site));
  const raw: Record<string, unknown> = {};
  const encrypted = new Set<string>();
  const siteSecrets = new Map<string, boolean>();
  for (const [key, value] of config) {
    if (key.startsWith(site)) siteSecrets.set(key.slice(site.length), holdsSealed(value));
    if (key.includes(":")) continue;
    if (holdsSealed(value)) encrypted.add(key);
    raw[key] = (secretNames as readonly string[]).includes(key) && isSealed(value) ? sealed : asHandedOver(value);
  }
  const { agent } = raw;
  const { faults = [] } = parseConfig(withoutAway(raw), {
    readFile: (path) => fileAt(revision, path),
    presets: presetsAt(revision),
    encrypted,
    siteSecrets,
    // What only a lock file decides, which may be another one than the revision's, a preview tells.
    agentVersion: isObject(agent) && typeof agent.version === "string" ? agent.version : "",
  });
  return faults;
}

/** A value as the engine would give it to the program, had it opened the secrets inside. */
function asHandedOver(value: unknown): unknown {
  if (value === null) return "";
  return typeof value === "string" ? structured(value) : opened(value);
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isObject(value)) return value;
  return isSealed(value)
    ? "a secret"
    : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

function holdsSealed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSealed);
  return isObject(value) && (isSealed(value) || Object.values(value).some(holdsSealed));
}

/** Without the path of a file that is on the operator's computer, and in no revision. */
function withoutAway(raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { mirrors } = raw;
  if (!isObject(mirrors) || typeof mirrors.ca !== "string" || mirrors.ca.includes("-----BEGIN")) return raw;
  if (!isAbsolute(mirrors.ca) && !within(mirrors.ca).startsWith("..")) return raw;
  const { ca: _, ...others } = mirrors;
  return { ...raw, mirrors: others };
}

function fileAt(revision: Revision, path: string): string {
  const text = revision.read(within(path));
  if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
  return text;
}

function presetsAt(revision: Revision): string[] {
  return [...revision.files().keys()]
    .flatMap((path) => /^policies\/presets\/([^/]+)\.yaml$/.exec(path)?.[1] ?? [])
    .sort();
}

/** A path from the project's folder. */
function within(path: string): string {
  return relative(project, resolve(project, path));
}
