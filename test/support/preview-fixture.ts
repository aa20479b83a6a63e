import { readFileSync } from "node:fs";
import { normalize } from "node:path/posix";
import { isDeepStrictEqual } from "node:util";
import { loadPolicy } from "../../policies/load.ts";
import type { Revision } from "../../review/revisions/revision.ts";

type Properties = Record<string, unknown>;

/** A resource of a made-up stack: its inputs before and after; nothing on one side is a creation or a deletion. */
export interface Planned {
  readonly type: string;
  readonly name: string;
  readonly before?: Properties;
  readonly after?: Properties;
  /** What the state had, where that is not what was found. */
  readonly recorded?: Properties;
  /** Whether an update finds nothing to do, although that was not what was found. */
  readonly stays?: boolean;
  readonly replace?: readonly string[];
  /** What a look added to the outputs. */
  readonly seen?: Properties;
  /** What an earlier look added to the outputs that the state had. */
  readonly kept?: Properties;
  /** The properties that the engine names as changed; two secrets look alike. */
  readonly diffReasons?: readonly string[];
  /** The properties that it names one by one, as paths; with what it does to them, where that is not `update`. */
  readonly detail?: readonly string[] | Readonly<Record<string, string>>;
  /** What the cloud calls it, where it is there. */
  readonly id?: string;
  /** The type of the component that makes it. */
  readonly parent?: string;
  /** The name of that. @default "machine" */
  readonly parentName?: string;
  /** The resource on which its `securityGroupId` depends. */
  readonly group?: Pick<Planned, "type" | "name" | "parent">;
}

const urnOf = ({ type, name, parent }: Planned) =>
  `urn:pulumi:prod::nemoclaw::${parent === undefined ? "" : `${parent}$`}${type}::${name}`;

/**
 * The JSON that the Pulumi CLI prints for a preview with a refresh, as far as a report reads it.
 *
 * @param leftByUpdate the stack's output of that name
 */
export function previewJson(planned: readonly Planned[], more: Properties = {}, leftByUpdate?: string): string {
  const state = (one: Planned, inputs: Properties) => ({
    urn: urnOf(one),
    custom: true,
    type: one.type,
    ...(one.id === undefined ? {} : { id: one.id }),
    ...(one.parent === undefined ? {} : { parent: urnOf({ type: one.parent, name: one.parentName ?? "machine" }) }),
    ...(one.group === undefined ? {} : { propertyDependencies: { securityGroupId: [urnOf(one.group)] } }),
    inputs,
    outputs: inputs,
  });
  const found = (one: Planned, inputs: Properties) => ({
    ...state(one, inputs),
    outputs: { ...inputs, ...one.seen },
  });
  const root = {
    urn: "urn:pulumi:prod::nemoclaw::pulumi:pulumi:Stack::nemoclaw-prod",
    type: "pulumi:pulumi:Stack",
    custom: false,
    ...(leftByUpdate === undefined ? {} : { outputs: { leftByUpdate } }),
  };
  const steps: Properties[] = planned.flatMap((one): Properties[] => {
    const known = one.recorded ?? one.before;
    if (!known) return [];
    const had = { ...state(one, known), outputs: { ...known, ...one.kept } };
    return [{ op: "refresh", urn: urnOf(one), oldState: had, newState: state(one, known), detailedDiff: null }];
  });
  if (leftByUpdate !== undefined) steps.push({ op: "refresh", urn: root.urn, oldState: root, newState: root });
  steps.push({ op: "same", urn: root.urn, oldState: root, newState: root, detailedDiff: null });
  const counts: Record<string, number> = { same: 1 };
  for (const one of planned) {
    const { before, after, replace } = one;
    if (
      one.stays ||
      (!one.recorded &&
        !one.detail &&
        before &&
        after &&
        isDeepStrictEqual(before, after) &&
        !Object.values(after).includes("[secret]"))
    ) {
      counts.same = (counts.same ?? 0) + 1;
      // As with --show-sames; the look's own step shows what the state had, whatever it found.
      if (before && after && one.seen)
        steps.push({ op: "same", urn: urnOf(one), oldState: found(one, before), newState: state(one, after) });
      continue;
    }
    const states = {
      ...(before ? { oldState: found(one, before) } : {}),
      ...(after ? { newState: state(one, after) } : {}),
    };
    const op = replace ? "replace" : !before ? "create" : !after ? "delete" : "update";
    counts[op] = (counts[op] ?? 0) + 1;
    const ops = replace ? ["delete-replaced", "replace", "create-replacement"] : [op];
    const { diffReasons, detail } = one;
    const kinds = Array.isArray(detail) ? Object.fromEntries(detail.map((path) => [path, "update"])) : detail;
    const detailedDiff =
      kinds && Object.fromEntries(Object.entries(kinds).map(([path, kind]) => [path, { kind, inputDiff: false }]));
    const reasons = { ...(replace && { replaceReasons: replace }), ...(diffReasons && { diffReasons }) };
    steps.push(
      ...ops.map((name) => ({ op: name, urn: urnOf(one), ...states, ...reasons, detailedDiff: detailedDiff ?? null })),
    );
  }
  return JSON.stringify({ config: {}, steps, duration: 1, changeSummary: counts, ...more });
}

const hostKeys = ["ssh-ed25519 AAAA"];
const machine = { id: "i-1", address: "203.0.113.10", port: 22, user: "ubuntu", privateKey: "[secret]", hostKeys };
const inside = { machine, sandbox: "main", runtime: "embedded" };

/** The network policy of a stack, changed from one set of blocks to another. */
export function network(before: Properties, after: Properties, recorded?: Properties): Planned {
  const inputs = (networkPolicies: Properties) => ({ ...inside, sandboxId: "main", networkPolicies, inForce: true });
  return {
    type: "nemoclaw:host:NetworkPolicy",
    name: "main-network",
    before: inputs(before),
    after: inputs(after),
    ...(recorded ? { recorded: inputs(recorded) } : {}),
  };
}

/** The sandbox of a stack, under two policies. */
export function sandbox(before: Properties, after: Properties, replace?: readonly string[]): Planned {
  const inputs = (more: Properties) => ({
    ...inside,
    agent: { version: "2026.9.6" },
    limits: { memory: "2500M", cpus: 2, pids: 512, logs: "200M" },
    ...more,
    running: true,
  });
  return { type: "nemoclaw:host:Sandbox", name: "main-sandbox", before: inputs(before), after: inputs(after), replace };
}

/** The route to the model. */
export function route(before: Properties, after: Properties): Planned {
  const inputs = (more: Properties) => ({
    ...inside,
    baseUrl: "https://integrate.api.nvidia.com/v1",
    key: "[secret]",
    ...more,
  });
  return { type: "nemoclaw:host:InferenceRoute", name: "main-inference", before: inputs(before), after: inputs(after) };
}

/** The network blocks of presets, as a stack has them. */
export function presetBlocks(...presets: string[]): Properties {
  return loadPolicy({ presets }).policy.network_policies;
}

/** A block with one endpoint that looks at requests. */
export function block(host: string, more: Properties): Properties {
  const endpoint = { host, port: 443, protocol: "rest", enforcement: "enforce", ...more };
  return { endpoints: [endpoint], binaries: [{ path: "/**" }] };
}

/** A git revision that exists only in a test. */
export function revision(name: string, files: Record<string, string>): Revision {
  const all: Record<string, string> = { "policies/baseline.yaml": fileOf("policies/baseline.yaml"), ...files };
  return {
    name,
    commit: `${name}0123456789abcdef`,
    read: (path) => all[normalize(path)],
    way: (path) => [normalize(path)],
    files: () => new Map(Object.entries(all).filter(([, text]) => text !== undefined)),
  };
}

function fileOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}
