import { diffWith } from "./decide.ts";
import type { ResourceState } from "./resource-state.ts";
import { needs } from "./resource-state.ts";
import type { Run } from "./run.ts";
import { isProvider, packageOf, providerUrn } from "./urn.ts";
import { unknown } from "./values.ts";

/**
 * The resources that must be deleted before `root` can be, when `root` is deleted before it is made anew: those that depend
 * on it and would themselves be replaced by whatever the new `root` gives them. Whether they would is asked of their
 * providers, with unknowns in place of what may change. In the order of their dependencies.
 *
 * @param settled the URNs this run has seen already; they cannot depend on `root` any more
 */
export async function replacedAlongWith(
  run: Run,
  root: ResourceState,
  states: readonly ResourceState[],
  settled: ReadonlySet<string>,
): Promise<ResourceState[]> {
  const dependents = new Set([root.urn]);
  const replaced = new Set([root.urn]);
  const found: ResourceState[] = [];
  for (const state of states) {
    if (state === root || state.delete || settled.has(state.urn)) continue;
    if (![...needs({ ...state, parent: "" }, providerUrn)].some((urn) => dependents.has(urn))) continue;
    dependents.add(state.urn);
    if (!state.custom || isProvider(state.type) || !(await mustGo(run, state, replaced))) continue;
    replaced.add(state.urn);
    found.push(state);
  }
  return found;
}

async function mustGo(run: Run, state: ResourceState, replaced: ReadonlySet<string>): Promise<boolean> {
  if (state.deletedWith && replaced.has(state.deletedWith)) return true;
  const dependencies = state.propertyDependencies ?? {};
  const touched = Object.keys(state.inputs ?? {}).filter((key) => dependencies[key]?.some((urn) => replaced.has(urn)));
  if (touched.length === 0) return false;
  const inputs = { ...state.inputs, ...Object.fromEntries(touched.map((key) => [key, unknown])) };
  const provider = await run.providers.get(packageOf(state.type));
  const diff = await diffWith(provider, state, inputs, state.ignoreChanges ?? []);
  return diff.changes && diff.replaceKeys.length > 0;
}
