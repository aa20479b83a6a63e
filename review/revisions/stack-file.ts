import { canonical } from "../../policies/canonical.ts";
import type { Fault } from "../../policies/fault.ts";
import { checkSecrets, secretNames } from "../../stacks/settings/secrets.ts";
import { siteNamespace } from "../../stacks/settings/site-commands.ts";
import { structured } from "../../stacks/settings/structured.ts";
import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import { asPulumiReads } from "./as-pulumi-reads.ts";
import type { Revision } from "./revision.ts";
import { holdsSealed, isSealed, sealedParts, withoutSealed } from "./sealed-values.ts";
import type { Settings } from "./settings.ts";

/** A stack file of a revision, with the secrets apart from what may be shown. */
export interface StackFile {
  readonly settings: Settings;
  /** Everything under `config`, by name, as it is written. */
  readonly config: ReadonlyMap<string, unknown>;
  /** What stands beside `config`. */
  readonly beside: Readonly<Record<string, unknown>>;
  /** By name, or by path where only a part of a setting is encrypted; the text says only whether it is the same, and is for nobody's eyes. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What is to be a secret and stands there in clear. */
  readonly inClear: readonly Fault[];
}

/** The folder of the stacks' settings. */
export const stackFolder = "stacks";

/** Where a stack's settings are, from the project's folder. */
export function stackFileOf(stack: string): string {
  return `${stackFolder}/Pulumi.${stack}.yaml`;
}

/**
 * Reads the text of a stack file.
 *
 * @param name how to name the file in errors
 */
export function readStackFile(text: string, name: string): StackFile {
  const file = asPulumiReads(text, name);
  const { config: written, ...beside } = isObject(file) ? file : { config: false };
  const mapping = written ?? {};
  if (!isObject(mapping)) throw new ReviewError(`${name} is not a stack file: it has no mapping "config"`);
  const [twice] = [...Map.groupBy(Object.keys(mapping), keyOf).values()].filter(({ length }) => length > 1);
  if (twice) throw new ReviewError(`${name} has one setting in two spellings: ${twice.join(", ")}`, "keep one of them");
  const config = new Map(Object.entries(mapping).map(([key, value]) => [keyOf(key), value] as const));
  const settings: Record<string, unknown> = {};
  const secrets = new Map<string, string>();
  const inClear: Fault[] = [];
  for (const [key, value] of config) {
    const own = typeof value === "string" && !key.includes(":");
    if (isSecretName(key) || isSealed(value)) secrets.set(key, canonical(value));
    else {
      settings[key] = own ? structured(value) : withoutSealed(value);
      for (const [path, part] of sealedParts(value, key)) secrets.set(path, part);
    }
    if (!isSealed(value)) inClear.push(...faultOf(key, value));
  }
  return { settings, config, beside, secrets, inClear };
}

/** A revision's stack file, whether or not its settings can be taken; nothing where it is not there or cannot be read. */
export function stackFileAt(revision: Revision, stack: string): StackFile | undefined {
  try {
    const text = revision.read(stackFileOf(stack));
    return text === undefined ? undefined : readStackFile(text, stackFileOf(stack));
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error;
    return undefined;
  }
}

/** A key as reports name it, without the project's own namespace, which may be left out and has a second form. */
export function keyOf(written: string): string {
  return written.replace(/^([^:]+):config:/, "$1:").replace(/^nemoclaw:/, "");
}

const site = `${siteNamespace}:`;

// Of the settings of others, nobody here knows which are secret, also inside: aws:secretKey, a password in aws:endpoints.
const plainOfOthers = /^(aws|gcp):(region|zone|project)$/;

/** Whether a setting is of a provider or of Pulumi, and more than where a machine stands. */
export function isOfOthers(key: string): boolean {
  return key.includes(":") && !key.startsWith(site) && !plainOfOthers.test(key);
}

/** Whether a setting is a secret by its name, whatever it is. */
export function isSecretName(key: string): boolean {
  if (key.includes(":")) return !plainOfOthers.test(key);
  return (secretNames as readonly string[]).includes(key);
}

function faultOf(key: string, value: unknown): Fault[] {
  if (!key.startsWith(site))
    return checkSecrets({ [key]: value }, new Set()).map((fault) => ({ ...fault, path: `nemoclaw:${key}` }));
  if (holdsSealed(value)) return [];
  const message = "this stands in clear in the stack file; whoever has read the file has it, so take a new one";
  return [{ path: key, message, instead: `scripts/pulumi config set --secret ${key}` }];
}
