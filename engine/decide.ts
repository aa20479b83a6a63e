import type { Goal } from "./goal.ts";
import { changedKeys, detailOf, differences } from "./object-diff.ts";
import { contains, keepOld, parsePath } from "./property-path.ts";
import type { Provider } from "./provider.ts";
import type { DetailedDiff, Diff } from "./provider-answer.ts";
import type { ResourceState } from "./resource-state.ts";
import { equal, type Properties, reveal } from "./values.ts";

/** What is to be done with a resource that exists, and why. */
export interface Decision {
  readonly op: "same" | "update" | "replace";
  readonly replaceKeys: readonly string[];
  readonly changedKeys: readonly string[];
  readonly detail?: Readonly<Record<string, DetailedDiff>>;
  readonly deleteFirst: boolean;
}

/**
 * Compares what is wanted with what is there, by the rules of the CLI: the provider decides, the resource's options may
 * sharpen it, and a thing that failed half-way or was deleted for a replacement is taken up again.
 *
 * @param replaced the URNs this run replaces
 */
export async function decide(
  before: ResourceState,
  after: ResourceState,
  goal: Pick<Goal, "deleteBeforeReplace" | "ignoreChanges" | "replaceOnChanges">,
  provider: Provider | undefined,
  replaced: ReadonlySet<string>,
): Promise<Decision> {
  const broken = (before.initErrors ?? []).length > 0;
  const diff = sharpened(
    await compare(before, after, goal.ignoreChanges, provider, replaced),
    goal.replaceOnChanges,
    broken,
  );
  const changes = diff.changes || before.pendingReplacement === true;
  const replace = changes && (diff.replaceKeys.length > 0 || before.pendingReplacement === true);
  const update = changes || broken;
  return {
    op: replace ? "replace" : update ? "update" : "same",
    replaceKeys: diff.replaceKeys,
    changedKeys: diff.changedKeys,
    ...(diff.detail ? { detail: diff.detail } : {}),
    deleteFirst: goal.deleteBeforeReplace ?? diff.deleteBeforeReplace,
  };
}

type Known = Diff & { readonly changes: boolean };

async function compare(
  before: ResourceState,
  after: ResourceState,
  ignored: readonly string[],
  provider: Provider | undefined,
  replaced: ReadonlySet<string>,
): Promise<Known> {
  if (before.taint) return replacement("id");
  if (after.deletedWith && replaced.has(after.deletedWith)) return replacement("deletedWith");
  if (!before.provider !== !after.provider) return replacement("provider");
  if (!provider) {
    const changes = !equal(before.inputs ?? {}, after.inputs ?? {});
    return { changes, replaceKeys: [], changedKeys: [], deleteBeforeReplace: false };
  }
  return diffWith(provider, before, after.inputs ?? {}, ignored);
}

/** A provider's diff, with the engine's own comparison of inputs where the provider leaves it to the engine. */
export async function diffWith(
  provider: Provider,
  before: ResourceState,
  wanted: Properties,
  ignored: readonly string[],
): Promise<Known> {
  const known = { inputs: before.inputs ?? {}, outputs: before.outputs ?? {} };
  const diff = await provider.diff(before.id ?? "", before.urn, known, wanted, ignored);
  if (diff.changes !== undefined) return { ...diff, changes: diff.changes };
  const kept = keepOld(wanted, known.inputs, ignored);
  const found = differences(reveal(known.inputs) as Properties, reveal(kept) as Properties);
  if (found.length === 0) return { ...diff, changes: false };
  return { ...diff, changes: true, changedKeys: changedKeys(found), detail: detailOf(found) };
}

function replacement(key: string): Known {
  return { changes: true, replaceKeys: [key], changedKeys: [], deleteBeforeReplace: false };
}

const initErrorKey = "#initerror";

function sharpened(diff: Known, replaceOnChanges: readonly string[], broken: boolean): Known {
  const paths = replaceOnChanges.map(parsePath);
  const replaces = (key: string) => paths.some((path) => contains(path, parsePath(key)));
  const again = broken && replaces(initErrorKey);
  if (!diff.changes && !again) return diff;
  const detail = Object.entries(diff.detail ?? {}).map(
    ([path, one]) => [path, replaces(path) ? toReplace(one) : one] as const,
  );
  const keys = [...diff.replaceKeys, ...diff.changedKeys.filter(replaces), ...(again ? [initErrorKey] : [])];
  return {
    ...diff,
    changes: true,
    replaceKeys: [...new Set(keys)],
    ...(diff.detail ? { detail: Object.fromEntries(detail) } : {}),
  };
}

function toReplace(one: DetailedDiff): DetailedDiff {
  return one.kind.endsWith("-replace") ? one : { ...one, kind: `${one.kind}-replace` as DetailedDiff["kind"] };
}
