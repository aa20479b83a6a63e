import { sealResource } from "./checkpoint.ts";

import type { Changes, Diagnostic, Op, Reporter, Step } from "./reporter.ts";
import type { ResourceState } from "./resource-state.ts";
import { stackType } from "./urn.ts";
import { blind, type Properties } from "./values.ts";

/** One step of a preview, as the CLI prints it. */
export type DigestStep = { op: string; urn: string } & Record<string, unknown>;

/** What `pulumi preview --json` prints. */
export interface Digest {
  config?: Record<string, string>;
  steps?: DigestStep[];
  diagnostics?: Record<string, unknown>[];
  /** Nanoseconds. */
  duration?: number;
  changeSummary?: Changes;
}

/**
 * Gathers a preview into the CLI's own JSON. As there, everything that was looked at is listed, and of what stays as it is
 * only the stack itself, unless all of it is asked for.
 */
export class DigestReporter implements Reporter {
  readonly digest: Digest = {};
  readonly #rest: (line: string) => void;
  readonly #sames: boolean;

  constructor(config: Record<string, string>, rest: (line: string) => void, sames = false) {
    if (Object.keys(config).length > 0) this.digest.config = config;
    this.#rest = rest;
    this.#sames = sames;
  }

  phase(): void {}

  planned(step: Step): void {
    if (step.op === "delete-replaced") return;
    const root = (step.after ?? step.before)?.type === stackType;
    if (step.op === "same" && !root && !this.#sames) return;
    this.digest.steps ??= [];
    this.digest.steps.push(written(step));
  }

  started(): void {}
  finished(): void {}
  failed(): void {}
  outputs(): void {}

  diagnostic({ severity, message, urn, ephemeral }: Diagnostic): void {
    if (severity === "debug" || ephemeral) return;
    this.digest.diagnostics ??= [];
    this.digest.diagnostics.push({ ...(urn ? { urn } : {}), message, severity });
  }

  summary(changes: Changes, seconds: number): void {
    this.digest.duration = Math.round(seconds * 1e9);
    this.digest.changeSummary = changes;
  }

  say(line: string): void {
    this.#rest(line);
  }
}

const names: Partial<Record<Op, Op>> = { "create-replacement": "replace" };

function written({ op, urn, before, after, replaceKeys = [], changedKeys = [], detail }: Step): DigestStep {
  const provider = (after ?? before)?.provider;
  return {
    op: names[op] ?? op,
    urn,
    ...(provider ? { provider } : {}),
    ...(before ? { oldState: shown(before) } : {}),
    ...(after ? { newState: shown(after) } : {}),
    ...(changedKeys.length > 0 ? { diffReasons: changedKeys } : {}),
    ...(replaceKeys.length > 0 ? { replaceReasons: replaceKeys } : {}),
    detailedDiff: detail ?? null,
  };
}

function shown(state: ResourceState): Record<string, unknown> {
  const { inputs = {}, outputs = {} } = state;
  return sealResource(
    { ...state, inputs: blind(inputs) as Properties, outputs: blind(outputs) as Properties },
    () => ({}),
  );
}
