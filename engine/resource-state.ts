import type { Properties } from "./values.ts";

export interface CustomTimeouts {
  create?: number;
  update?: number;
  delete?: number;
  read?: number;
}

/**
 * One resource as the checkpoint knows it, in the words of Pulumi's deployment format version 3. What the format has and
 * this engine has no use for travels along untouched, so that nothing is lost between the engine and the CLI.
 */
export interface ResourceState {
  urn: string;
  custom: boolean;
  /** Replaced already, still to be deleted. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: Properties;
  outputs?: Properties;
  parent?: string;
  protect?: boolean;
  taint?: boolean;
  external?: boolean;
  dependencies?: string[];
  initErrors?: string[];
  provider?: string;
  propertyDependencies?: Record<string, string[]>;
  /** Deleted for a replacement that is not made yet. */
  pendingReplacement?: boolean;
  additionalSecretOutputs?: string[];
  customTimeouts?: CustomTimeouts;
  retainOnDelete?: boolean;
  deletedWith?: string;
  created?: string;
  modified?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
}

/** A change that was begun and whose end is not recorded. */
export interface PendingOperation {
  resource: ResourceState;
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** Everything a resource needs to exist before it does: parent, dependencies, provider, what it is deleted with. */
export function needs(state: ResourceState, providerUrn: (reference: string) => string): Set<string> {
  const all = [
    state.parent,
    state.deletedWith,
    state.provider && providerUrn(state.provider),
    ...(state.dependencies ?? []),
    ...Object.values(state.propertyDependencies ?? {}).flat(),
  ];
  return new Set(all.filter((urn): urn is string => !!urn));
}
