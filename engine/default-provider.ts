import { randomUUID } from "node:crypto";
import { packageConfig } from "./config.ts";
import type { ResourceState } from "./resource-state.ts";
import type { Run } from "./run.ts";
import { makeUrn, providerTypePrefix } from "./urn.ts";
import { equal, unknown } from "./values.ts";

/**
 * The `pulumi:providers:<package>::default` resource that the CLI keeps for a package without an explicit provider. It is
 * never shown and never replaced; its inputs are the stack's configuration in the package's namespace.
 */
export function registerDefaultProvider(
  run: Run,
  packageName: string,
  before: ResourceState | undefined,
): ResourceState {
  const type = `${providerTypePrefix}${packageName}`;
  const inputs = packageConfig(run.config, packageName);
  const now = new Date().toISOString();
  const unchanged = before !== undefined && equal(before.inputs ?? {}, inputs);
  const state: ResourceState = {
    urn: makeUrn(run.where, "", type, "default"),
    custom: true,
    id: before?.id ?? (run.dryRun ? unknown : randomUUID()),
    type,
    inputs,
    outputs: unchanged ? (before.outputs ?? {}) : inputs,
    created: before?.created ?? now,
    modified: unchanged && before.modified ? before.modified : now,
  };
  run.snapshot.note({ add: state, ...(before ? { remove: before } : {}) });
  return state;
}

export function providerReference(provider: ResourceState): string {
  return `${provider.urn}::${provider.id}`;
}
