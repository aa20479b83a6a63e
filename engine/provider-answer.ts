import type { DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import type { InitFailure } from "./grpc-error.ts";
import type { Properties } from "./values.ts";

// What a provider answers, apart from how it is asked (provider.ts).

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** What a provider says about a wanted change. */
export interface Diff {
  /** Undefined when the provider leaves the comparison to the engine. */
  readonly changes: boolean | undefined;
  readonly replaceKeys: readonly string[];
  readonly changedKeys: readonly string[];
  /** Property path → what happens there; absent when the provider gives no detail. */
  readonly detail?: Readonly<Record<string, DetailedDiff>>;
  readonly deleteBeforeReplace: boolean;
}

export interface DetailedDiff {
  readonly kind: "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";
  readonly inputDiff: boolean;
}

/** What a provider made: its id and properties, and what is still wrong with it when it is there but not well. */
export interface Made {
  readonly id: string;
  readonly outputs: Properties;
  readonly failure?: InitFailure;
}

/** A provider call that failed; `lost` when nobody knows how far it got, because the plugin went away. */
export class ProviderError extends Error {
  readonly lost: boolean;

  constructor(message: string, lost: boolean) {
    super(message);
    this.name = "ProviderError";
    this.lost = lost;
  }
}

/** What is still wrong with a thing that was made. */
export function initErrorsOf({ failure }: Made): string[] {
  if (!failure) return [];
  return failure.reasons.length > 0 ? [...failure.reasons] : [failure.message];
}

const kinds = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;

/** The detail of a diff, if the provider gave any. */
export function detailOf(response: DiffResponse): { detail?: Record<string, DetailedDiff> } {
  const entries = [...response.getDetaileddiffMap().entries()];
  if (entries.length === 0 && !response.getHasdetaileddiff()) return {};
  return {
    detail: Object.fromEntries(
      entries.map(([path, one]) => [path, { kind: kinds[one.getKind()] ?? "update", inputDiff: one.getInputdiff() }]),
    ),
  };
}
