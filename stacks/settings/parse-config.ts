import { asEnforced } from "../../policies/as-enforced.ts";
import type { Fault } from "../../policies/fault.ts";
import type { Finding } from "../../policies/finding.ts";
import type { MergedPolicy, NamedPolicy } from "../../policies/merge.ts";
import { nearest } from "../../policies/nearest.ts";
import { parse, type ValueFault } from "../../policies/parse.ts";
import { propertyPath } from "../../policies/property-path.ts";
import type { MachineSettings } from "../machine-kinds/index.ts";
import { certificates } from "./certificates.ts";
import { gapsOf, loadChosenPolicy, notAccepted } from "./chosen-policy.ts";
import { guardrailFaults } from "./guardrail-faults.ts";
import { type LegibleSections, legible } from "./legible.ts";
import { localMachineFaults } from "./local-machine-faults.ts";
import { loginKeyFaults } from "./login-key.ts";
import { misplacedSettings } from "./misplaced.ts";
import { artifactFaults } from "./pinned-artifacts.ts";
import { openshellFaults } from "./pinned-openshell.ts";
import type { Pins } from "./pins.ts";
import { checkSecrets, needSecret, type SecretName, secretNames, secretShapes } from "./secrets.ts";
import { type Sections, sections } from "./sections.ts";
import { siteCommandChecks } from "./site-commands.ts";

/** What the parser needs from outside; a test gives its own. */
export interface Surroundings {
  /** Reads a file by absolute path or from the project's folder. */
  readonly readFile: (path: string) => string;
  /** Which top-level keys the stack file holds encrypted. */
  readonly encrypted: ReadonlySet<string>;
  /** The keys of other namespaces. @default none */
  readonly elsewhere?: readonly string[];
  /** What the lock file pins. @default nothing is asked of it */
  readonly pins?: Pins | undefined;
  /** Secrets that site commands read, each with whether the stack file holds it encrypted. @default none */
  readonly siteSecrets?: ReadonlyMap<string, boolean>;
  /** The presets there are, by name. @default those in the project's folder */
  readonly presets?: readonly string[];
}

/** A stack's settings, all checked; the secrets themselves are not among them. */
export interface Settings extends Omit<Sections, "machine" | "policy" | "agent"> {
  readonly machine: MachineSettings;
  /** The baseline, the presets and the stack's own file as one, as the runtime enforces it. */
  readonly policy: MergedPolicy;
  /** What the runtime does not enforce of the policy as it was written, and is accepted. */
  readonly gaps: readonly Finding[];
  /** Which files the policy was made of. */
  readonly policySources: readonly NamedPolicy[];
  readonly agent: { readonly version: string };
  /** Secrets that are set. */
  readonly secrets: ReadonlySet<SecretName>;
}

/** What a stack's configuration says, or everything that is wrong with it. Pure but for reading the files it names. */
export function parseConfig(
  raw: Readonly<Record<string, unknown>>,
  around: Surroundings,
): { settings: Settings; faults?: undefined } | { faults: Fault[]; settings?: undefined } {
  const faults: Fault[] = [
    ...misplacedSettings(around.elsewhere ?? []),
    ...unknownKeys(raw),
    ...checkSecrets(raw, around.encrypted),
    ...hidden(raw, around.encrypted),
  ];
  const read: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(sections)) {
    const result = parse(schema, raw[name]);
    if (result.faults) faults.push(...result.faults.map((fault) => inSection(name, fault)));
    read[name] = result.faults ? legible(schema, raw[name]) : result.value;
  }

  // What sections ask of each other, as far as they can be read: whoever mends the faults above must not find more behind them.
  const known = read as LegibleSections;
  const own = new Set(faults.map(({ path }) => path));
  const loaded = known.policy && loadChosenPolicy(known.policy, around, faults);
  if (loaded?.legible && known.runtime) faults.push(...notAccepted(known.runtime, loaded.legible));
  if (around.pins) faults.push(...artifactFaults(known, around.pins), ...openshellFaults(known, around.pins));
  // Some of it the sections ask of themselves.
  faults.push(...guardrailFaults(known, loaded?.legible).filter(({ path }) => !own.has(path)));
  faults.push(...localMachineFaults(known));
  faults.push(...missingSecrets(raw, known));
  const site = siteCommandChecks(known.siteCommands ?? [], known.machine, around.siteSecrets ?? new Map());
  faults.push(...site.map(({ path, ...fault }) => ({ ...fault, path: propertyPath(path) })));
  const version = agentVersion(known.agent?.version, around.pins?.agent, faults);
  const ca = known.mirrors?.ca && certificates(known.mirrors.ca, around.readFile, faults);
  if (faults.length > 0 || !loaded?.policy) return { faults: faults.map((fault) => asKey(fault, raw)) };

  const settings = read as Sections;
  return {
    settings: {
      ...settings,
      machine: settings.machine as MachineSettings,
      mirrors: ca ? { ...settings.mirrors, ca } : settings.mirrors,
      policy: asEnforced(loaded.policy, settings.runtime.kind),
      gaps: gapsOf(settings.runtime.kind, loaded.policy),
      policySources: loaded.sources,
      agent: { version },
      secrets: new Set(secretNames.filter((name) => raw[name] !== undefined)),
    },
  };
}

function inSection(name: string, { keys, message, instead }: ValueFault): Fault {
  const own = keys.length === 0 ? message.replace(/^it is missing/, `${name} is missing`) : message;
  return { path: propertyPath([name, ...keys]), message: own, instead: keys.length === 0 ? examples[name] : instead };
}

/** A fault of the stack file under the key as it stands there: `nemoclaw:machine.kind`. */
function asKey(fault: Fault, raw: Readonly<Record<string, unknown>>): Fault {
  const [first = ""] = fault.path.split(/[.[]/);
  const ofStack = fault.file === undefined && (first in sections || first in raw || first in secretShapes);
  return ofStack ? { ...fault, path: `nemoclaw:${fault.path}` } : fault;
}

/** What to write for a section that is not there, or is no mapping at all. */
const examples: Record<string, string> = {
  machine: "machine: { kind: local }",
  runtime: "runtime: { kind: embedded }",
  docker: "docker: { source: distribution }",
  policy: "policy: { presets: [github] }",
  limits: "limits: { memory: 2500M, cpus: 2 }",
  agent: "leave it out",
  inference: "inference: { kind: nvidia, model: MODEL }",
  telegram: "telegram: { chats: [NUMBER] }",
  tunnel: "tunnel: { kind: none }",
  mirrors: "mirrors: { npm: URL }",
  workspace: "workspace: { keep: true }",
  siteCommands: "siteCommands: [{ name: inventory-agent, create: COMMAND }]",
};

function unknownKeys(raw: Readonly<Record<string, unknown>>): Fault[] {
  const known = [...Object.keys(sections), ...secretNames];
  return Object.keys(raw)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearest(key, known);
      const message = `there is no setting ${JSON.stringify(key)}${near ? "" : `; there are ${known.join(", ")}`}`;
      return { path: key, message, instead: near ?? "one of these" };
    });
}

// A secret inside a section makes the engine hide the whole of it, in every diff a reviewer is meant to read.
function hidden(raw: Readonly<Record<string, unknown>>, encrypted: ReadonlySet<string>): Fault[] {
  return Object.keys(sections)
    .filter((name) => raw[name] !== undefined && encrypted.has(name))
    .map((name) => ({
      path: name,
      message: "a secret in here hides the whole setting in diffs",
      instead: `the setting in clear; the secrets are ${secretNames.join(", ")}`,
    }));
}

function missingSecrets(
  raw: Readonly<Record<string, unknown>>,
  { machine, inference, telegram, tunnel }: LegibleSections,
) {
  return [
    ...(inference?.kind === "nvidia" ? needSecret(raw, "inferenceKey", "inference.kind nvidia") : []),
    ...(telegram ? needSecret(raw, "telegramToken", "telegram") : []),
    ...(tunnel?.kind === "named" ? needSecret(raw, "tunnelToken", "tunnel.kind named") : []),
    ...(machine ? loginKeyFaults(raw, machine) : []),
  ];
}

function agentVersion(asked: string | undefined, pinned: string | undefined, faults: Fault[]): string {
  if (asked !== undefined && pinned !== undefined && asked !== pinned) {
    const message = `${JSON.stringify(asked)} is not the version that services/agent/package-lock.json pins`;
    faults.push({ path: "agent.version", message, instead: `${pinned}, or leave it out` });
  }
  return pinned ?? asked ?? "";
}
