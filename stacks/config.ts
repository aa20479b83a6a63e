import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Fault, printFault } from "../policies/fault.ts";
import { ownNamespace } from "./settings/misplaced.ts";
import { parseConfig, type Settings } from "./settings/parse-config.ts";
import { readPins } from "./settings/pins.ts";
import { type SecretName, secretNames } from "./settings/secrets.ts";
import { siteNamespace } from "./settings/site-commands.ts";
import { structured } from "./settings/structured.ts";

// Part of the SDK and missing from its types: which values the stack file holds encrypted.
const runtime = pulumi.runtime as typeof pulumi.runtime & { isConfigSecret(key: string): boolean };
const project = resolve(import.meta.dirname, "..");

/** A stack's configuration: its settings, and its secrets as outputs that the engine keeps encrypted. */
export interface Config extends Omit<Settings, "secrets"> {
  readonly secrets: { readonly [K in SecretName]?: pulumi.Output<string> };
  /** The secret of this name that a site command reads. */
  readonly siteSecret: (name: string) => pulumi.Output<string>;
}

/**
 * Reads the configuration of the current stack; nothing else in the program does.
 *
 * @throws pulumi.RunError that lists everything that is wrong: where, what was expected, what to write instead. A policy's
 * faults are among them, and what the runtime does not enforce.
 */
export function loadConfig(): Config {
  const { raw, encrypted, elsewhere } = ownKeys(pulumi.runtime.allConfig());
  const readFile = (path: string) => readFileSync(resolve(project, path), "utf8");
  // The same file that the plugin reads.
  const { pins, faults: unread = [] } = readPins(readFile, process.env.NEMOCLAW_LOCK_FILE || undefined);
  const siteSecrets = ownSecrets(pulumi.runtime.allConfig());
  const { settings, faults = [] } = parseConfig(raw, { readFile, encrypted, elsewhere, pins, siteSecrets });
  if (!settings || unread.length > 0) {
    throw new pulumi.RunError(printFaults([...unread, ...faults], pulumi.getStack()));
  }
  const config = new pulumi.Config(ownNamespace);
  const secrets = Object.fromEntries(
    secretNames.filter((name) => settings.secrets.has(name)).map((name) => [name, config.requireSecret(name)]),
  );
  const site = new pulumi.Config(siteNamespace);
  return { ...settings, secrets, siteSecret: (name) => site.requireSecret(name) };
}

/** All faults as one text. */
export function printFaults(faults: readonly Fault[], stack: string): string {
  const count = faults.length === 1 ? "a fault" : `${faults.length} faults`;
  const head = `The configuration of stack ${stack} has ${count}; nothing was touched. See stacks/Pulumi.${stack}.yaml`;
  return [head, ...faults.map(printFault)].join("\n\n");
}

function ownKeys(all: Readonly<Record<string, string>>) {
  const raw: Record<string, unknown> = {};
  const encrypted = new Set<string>();
  const elsewhere: string[] = [];
  for (const [key, value] of Object.entries(all)) {
    const [space, name = ""] = key.split(/:(.*)/s);
    if (space !== ownNamespace) elsewhere.push(key);
    else {
      raw[name] = (secretNames as readonly string[]).includes(name) ? value : structured(value);
      if (runtime.isConfigSecret(key)) encrypted.add(name);
    }
  }
  return { raw, encrypted, elsewhere };
}

function ownSecrets(all: Readonly<Record<string, string>>): Map<string, boolean> {
  const keys = Object.keys(all).filter((key) => key.startsWith(`${siteNamespace}:`));
  return new Map(keys.map((key) => [key.slice(siteNamespace.length + 1), runtime.isConfigSecret(key)]));
}
