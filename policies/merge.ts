import { canonical } from "./canonical.ts";
import type { Fault } from "./fault.ts";
import { checkOverlaps } from "./overlap.ts";
import { parse } from "./parse.ts";
import { type FilesystemPolicy, type Policy, policySchema } from "./policy.ts";
import { propertyPath } from "./property-path.ts";
import { type Place, PolicyError } from "./read.ts";

/** A policy with the name it goes by in errors: `baseline`, `preset github`, `policies/mine.yaml`. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
  readonly file?: string;
  readonly place?: (keys: readonly PropertyKey[]) => Place;
}

/** A policy whose network part is always there, empty when nothing is allowed. */
export type MergedPolicy = Policy & { network_policies: NonNullable<Policy["network_policies"]> };

/**
 * Several policies as one. Network blocks are brought together by name, paths are united and writing wins over reading, and
 * of single settings the last one counts. The order of network blocks and paths makes no difference to the result.
 *
 * @throws PolicyError when two policies have different blocks of one name, or the whole breaks a limit
 */
export function mergePolicies(sources: readonly NamedPolicy[]): MergedPolicy {
  const faults: Fault[] = [];
  const merged = {
    version: 1 as const,
    ...defined("filesystem_policy", filesystem(sources.map(({ policy }) => policy.filesystem_policy))),
    ...defined("landlock", lastOf(sources.map(({ policy }) => policy.landlock))),
    ...defined("process", lastOf(sources.map(({ policy }) => policy.process))),
    network_policies: blocks("network_policies", sources, faults) ?? {},
    ...defined("network_middlewares", blocks("network_middlewares", sources, faults)),
  };
  const result = parse(policySchema, merged);
  for (const { keys, message, instead } of result.faults ?? []) {
    faults.push({ path: propertyPath(keys), message: `all policies together: ${message}`, instead });
  }
  for (const { path, message, instead } of checkOverlaps(merged)) faults.push(placed(path, message, instead, sources));
  if (faults.length > 0 || result.faults !== undefined) throw new PolicyError(faults);
  return { ...result.value, network_policies: result.value.network_policies ?? {} };
}

function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function filesystem(parts: readonly (FilesystemPolicy | undefined)[]): FilesystemPolicy | undefined {
  const present = parts.filter((part) => part !== undefined);
  if (present.length === 0) return undefined;
  const writable = new Set(present.flatMap(({ read_write = [] }) => read_write));
  const readable = new Set(present.flatMap(({ read_only = [] }) => read_only).filter((path) => !writable.has(path)));
  const workdir = present.findLast(({ include_workdir }) => include_workdir !== undefined)?.include_workdir;
  return {
    ...defined("include_workdir", workdir),
    read_only: [...readable].sort(),
    read_write: [...writable].sort(),
  };
}

function lastOf<T extends object>(parts: readonly (T | undefined)[]): T | undefined {
  const present = parts.filter((part) => part !== undefined);
  return present.length === 0 ? undefined : Object.assign({}, ...present);
}

function blocks<P extends "network_policies" | "network_middlewares">(
  part: P,
  sources: readonly NamedPolicy[],
  faults: Fault[],
): Policy[P] {
  const owners = new Map<string, { block: unknown; source: NamedPolicy }>();
  for (const source of sources) {
    for (const [name, block] of Object.entries(source.policy[part] ?? {})) {
      const other = owners.get(name);
      if (other === undefined) owners.set(name, { block, source });
      else if (canonical(other.block) !== canonical(block)) faults.push(clash([part, name], other.source, source));
    }
  }
  if (owners.size === 0) return undefined;
  const entries = [...owners].map(([name, { block }]) => [name, block] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as Policy[P];
}

function placed(
  keys: readonly PropertyKey[],
  message: string,
  instead: string,
  sources: readonly NamedPolicy[],
): Fault {
  const [part, block] = keys.map(String);
  const owner = sources.find(({ policy }) => part === "network_policies" && policy.network_policies?.[block ?? ""]);
  return { path: propertyPath(keys), message, instead, file: owner?.file, ...owner?.place?.(keys) };
}

function clash(keys: readonly string[], first: NamedPolicy, second: NamedPolicy): Fault {
  const named = ({ name, file, place }: NamedPolicy) =>
    place ? `${name} (${file ?? name}:${place(keys).line})` : name;
  return {
    path: propertyPath(keys),
    message: `${named(first)} and ${named(second)} both have a block of this name, and they differ`,
    instead: `another name, such as ${keys.at(-1)}_own; what both blocks allow is then allowed`,
    file: second.file ?? second.name,
    ...second.place?.(keys),
  };
}
