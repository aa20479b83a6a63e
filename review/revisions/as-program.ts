import { isAbsolute, relative, resolve } from "node:path";
import { parseConfig, type Surroundings } from "../../stacks/settings/parse-config.ts";
import { sealed, secretNames } from "../../stacks/settings/secrets.ts";
import { siteNamespace } from "../../stacks/settings/site-commands.ts";
import { structured } from "../../stacks/settings/structured.ts";
import { isObject } from "../values.ts";
import type { Revision } from "./revision.ts";
import { holdsSealed, isSealed } from "./sealed-values.ts";
import type { Settings } from "./settings.ts";
import type { StackFile } from "./stack-file.ts";

const project = resolve(import.meta.dirname, "../..");
const site = `${siteNamespace}:`;

/**
 * What the program would say of a stack file of a revision: the settings with their defaults, or what is wrong with them. All files
 * are the revision's, and no secret is opened.
 */
export function asProgram(file: StackFile, revision: Revision): ReturnType<typeof parseConfig> {
  return asProgramWith(file, { readFile: (path) => fileAt(revision, path), presets: presetsAt(revision) });
}

/** The same, with the files that are given. */
export function asProgramWith(
  { config }: StackFile,
  files: Pick<Surroundings, "readFile" | "presets">,
): ReturnType<typeof parseConfig> {
  const raw: Record<string, unknown> = {};
  const encrypted = new Set<string>();
  const siteSecrets = new Map<string, boolean>();
  for (const [key, value] of config) {
    if (key.startsWith(site)) siteSecrets.set(key.slice(site.length), holdsSealed(value));
    if (key.includes(":")) continue;
    if (holdsSealed(value)) encrypted.add(key);
    raw[key] = (secretNames as readonly string[]).includes(key) && isSealed(value) ? sealed : asHandedOver(value);
  }
  return parseConfig(withoutAway(raw), {
    ...files,
    encrypted,
    elsewhere: [...config.keys()].filter((key) => key.includes(":")),
    siteSecrets,
    // What only a lock file decides, which may be another one than the revision's, a preview tells.
    pins: undefined,
  });
}

/** The settings of a stack file with the defaults that the program fills in; nothing where they cannot be told. */
export function withDefaults(file: StackFile, revision: Revision): Settings | undefined {
  // An environment of the Pulumi Cloud may say otherwise than a default.
  if (file.beside.environment !== undefined) return undefined;
  const { settings } = asProgram(file, revision);
  if (settings === undefined) return undefined;
  // These it makes something else of: one policy of several files, the text of authorities, the version that is pinned.
  const { policy: _, gaps: __, policySources: ___, mirrors: ____, agent: _____, secrets: ______, ...filled } = settings;
  return { ...file.settings, ...filled };
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
export function within(path: string): string {
  return relative(project, resolve(project, path));
}
