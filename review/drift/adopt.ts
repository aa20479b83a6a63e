import { stringify } from "yaml";
import { tellsPrograms } from "../../policies/as-enforced.ts";
import { canonical } from "../../policies/canonical.ts";
import { policySchema } from "../../policies/policy.ts";
import type { PolicySource } from "../../policies/policy-source.ts";
import { serviceUrl } from "../../stacks/settings/addresses.ts";
import { presetsOf } from "../preview/access.ts";
import { confirms, type ResourceChange } from "../preview/resource-changes.ts";
import { isObject, show } from "../values.ts";
import type { Recorded } from "./drift.ts";

/** A change of the code that says what was found. */
export interface Adoption {
  /** The policy file of the stack, or the stack file itself. */
  readonly into: "policy" | "stack";
  readonly path: readonly string[];
  /** Nothing removes it. */
  readonly value?: unknown;
  /** Lines to put above it, without their marks. */
  readonly comment?: readonly string[];
  /** Of a block that was there before: only what has changed since is written, and it must come into force as it was found. */
  readonly drifted?: DriftedBlock;
}

/** A block of a network policy as the last update left it, if at all, and by which runtime it is enforced. */
export interface DriftedBlock {
  readonly known: unknown;
  readonly runtime: "embedded" | "openshell";
}

/** What of a drift can be taken into the code, and what cannot, with the reason. */
export interface Adoptions {
  readonly adoptions: readonly Adoption[];
  readonly left: readonly string[];
}

/** Finds the changes of the code that make it say what was found: blocks of the network policy, model and provider. */
export function adoptionsOf(changes: readonly ResourceChange[], recorded: ReadonlyMap<string, Recorded>): Adoptions {
  const several = (type: string) => [...recorded.values()].filter((one) => one.type === type).length > 1;
  const parts = changes.flatMap((change): Adoptions[] => {
    const { urn, type, name, operation, before, after } = change;
    const known = recorded.get(urn)?.inputs;
    if (!known || confirms(change)) return [];
    if (operation === "create" && !before)
      return [{ adoptions: [], left: [`${name} is gone; only an update brings it back`] }];
    const found = before?.inputs ?? {};
    const states = { known, found, wanted: after?.inputs ?? {} };
    const same = canonical(known) === canonical(found);
    if (operation === "delete")
      return same ? [] : [{ adoptions: [], left: [`${name}: the code no longer has it; an update removes it`] }];
    const adopted = /:(NetworkPolicy|InferenceRoute)$/.test(type);
    if (adopted && !same && several(type)) return [{ adoptions: [], left: [`${name}: ${oneOfSeveral}`] }];
    if (/:NetworkPolicy$/.test(type)) return [blocks(states), approval(states)];
    if (/:InferenceRoute$/.test(type)) return [route(states)];
    if (same && !change.named.some(({ drifted }) => drifted)) return [];
    return [{ adoptions: [], left: [`${name}: only network policy, model and provider can be adopted`] }];
  });
  return { adoptions: parts.flatMap(({ adoptions }) => adoptions), left: parts.flatMap(({ left }) => left) };
}

// A program of one's own may have more than one sandbox; which setting is whose, only that program says.
const oneOfSeveral = "the stack has several of these, and its settings one place; write it where your program has it";

type Inputs = Recorded["inputs"];

/** One resource as the last update left it, as it was found, and as the code wants it by now. */
interface States {
  readonly known: Inputs;
  readonly found: Inputs;
  readonly wanted: Inputs;
}

function blocks({ known, found, wanted }: States): Adoptions {
  const [was, is, code] = [known, found, wanted].map(networkPolicies) as [Inputs, Inputs, Inputs];
  if (!policySchema.safeParse({ version: 1, network_policies: is }).success)
    return { adoptions: [], left: ["the network policy: what was found is no policy; restore it"] };
  const before = policySchema.safeParse({ version: 1, network_policies: was });
  const presets = before.success ? presetsOf(before.data) : new Map<string, PolicySource>();
  const runtime: DriftedBlock["runtime"] = tellsPrograms(known.runtime) ? "openshell" : "embedded";
  const adoptions: Adoption[] = [];
  const left: string[] = [];
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const preset = presets.get(name);
    const step = stepOf(was[name], is[name], code[name]);
    if (step === "none") continue;
    if (step === "merge") left.push(`block ${name}: ${changedSince}`);
    else if (preset !== undefined)
      left.push(`block ${name} comes from preset ${preset.name}: take that out of policy.presets, or restore it`);
    else {
      const drifted = { known: was[name], runtime };
      adoptions.push({ into: "policy", path: ["network_policies", name], value: is[name], drifted });
    }
  }
  return { adoptions, left };
}

const networkPolicies = (inputs: Inputs) => (isObject(inputs.networkPolicies) ? inputs.networkPolicies : {});

const changedSince = "the code has changed it since, which adopting would undo: merge by hand, or restore it";

/** What is to be done with a value that may have drifted. The code itself may have changed it since the last update, too. */
function stepOf(known: unknown, found: unknown, wanted: unknown): "none" | "adopt" | "merge" {
  const [was, is, code] = [known, found, wanted].map(canonical);
  if (is === was || is === code) return "none";
  return code === was ? "adopt" : "merge";
}

function approval({ known, found }: States): Adoptions {
  if (found.approval === undefined || found.approval === known.approval) return { adoptions: [], left: [] };
  return {
    adoptions: [],
    left: ["the network policy's approval: restore it; only people approve what an agent asks for"],
  };
}

/** Whether what was found can stand in the code. A look that cannot read a value says so in its place, in words. */
const canBeSet = {
  model: (found: unknown) => found !== "none",
  baseUrl: (found: unknown) => serviceUrl.safeParse(found).success,
};

function route({ known, found, wanted }: States): Adoptions {
  const own = ["model", "baseUrl"] as const;
  const steps = Map.groupBy(
    own.filter((field) => found[field] !== undefined),
    (field) => {
      const step = stepOf(known[field], found[field], wanted[field]);
      return step === "adopt" && !canBeSet[field](found[field]) ? "restore" : step;
    },
  );
  const adoptions = (steps.get("adopt") ?? []).map(
    (field): Adoption => ({ into: "stack", path: ["config", "nemoclaw:inference", field], value: found[field] }),
  );
  const others = Object.keys(known).filter(
    (key) => !(own as readonly string[]).includes(key) && canonical(known[key]) !== canonical(found[key]),
  );
  const left = [
    ...(steps.get("restore") ?? []).map(
      (field) => `the inference route's ${field}: ${show(found[field])} cannot be a setting; restore it`,
    ),
    ...(steps.get("merge") ?? []).map((field) => `the inference route's ${field}: ${changedSince}`),
    ...(others.length > 0 ? [`the inference route's ${others.join(", ")}: restore it`] : []),
  ];
  return { adoptions, left };
}

/** The YAML to paste, one text for each file. */
export function toPaste(adoptions: readonly Adoption[]): { into: Adoption["into"]; yaml: string }[] {
  return [...Map.groupBy(adoptions, ({ into }) => into)].map(([into, all]) => {
    const value: Record<string, unknown> = {};
    const removed: string[] = [];
    for (const { path, value: inner } of all) {
      if (inner === undefined) removed.push(`# remove ${path.join(".")}\n`);
      else place(value, path, inner);
    }
    return { into, yaml: removed.join("") + (Object.keys(value).length > 0 ? stringify(value) : "") };
  });
}

function place(value: Record<string, unknown>, [first = "", ...rest]: readonly string[], inner: unknown): void {
  if (rest.length === 0) value[first] = inner;
  else {
    value[first] ??= {};
    place(value[first] as Record<string, unknown>, rest, inner);
  }
}
