import { EngineError } from "./errors.ts";
import type { CustomTimeouts, ResourceState } from "./resource-state.ts";
import type { Properties } from "./values.ts";

/** What the program wants of one resource. */
export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** True for a resource with a provider, false for a component. */
  readonly custom: boolean;
  readonly inputs: Properties;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly dependencies: string[];
  readonly propertyDependencies: Record<string, string[]>;
  /** Undefined leaves it to the provider. */
  readonly deleteBeforeReplace: boolean | undefined;
  readonly ignoreChanges: string[];
  readonly replaceOnChanges: string[];
  readonly additionalSecretOutputs: string[];
  readonly customTimeouts: CustomTimeouts;
  readonly deletedWith: string;
}

/** A goal as the state of a resource that is not made yet. */
export function wantedState(urn: string, goal: Goal, provider: string | undefined): ResourceState {
  const { type, custom, inputs, parent, protect, dependencies, propertyDependencies } = goal;
  const { additionalSecretOutputs, customTimeouts, retainOnDelete, deletedWith, ignoreChanges, replaceOnChanges } =
    goal;
  return {
    urn,
    custom,
    type,
    inputs,
    parent,
    protect,
    dependencies,
    ...(provider ? { provider } : {}),
    propertyDependencies,
    additionalSecretOutputs,
    customTimeouts,
    retainOnDelete,
    deletedWith,
    ignoreChanges,
    replaceOnChanges,
  };
}

const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Seconds of a Go duration such as `1h30m`; an empty text is none. */
export function seconds(duration: string): number | undefined {
  if (duration === "") return undefined;
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(duration))
    throw new EngineError(`"${duration}" is not a duration such as "5m"`);
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0);
}
