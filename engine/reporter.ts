import type { DetailedDiff } from "./provider-answer.ts";
import type { ResourceState } from "./resource-state.ts";
import type { Properties } from "./values.ts";

/** What is done with a resource, in the CLI's words. */
export type Op =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "delete"
  | "refresh";

/** One thing done, or to be done, with one resource. */
export interface Step {
  readonly op: Op;
  readonly urn: string;
  readonly before?: ResourceState;
  readonly after?: ResourceState;
  /** Properties whose change makes this a replacement. */
  readonly replaceKeys?: readonly string[];
  readonly changedKeys?: readonly string[];
  readonly detail?: Readonly<Record<string, DetailedDiff>>;
  /** True when this is what a look at the real thing found, not something to be done to it. */
  readonly found?: boolean;
}

export interface Diagnostic {
  readonly severity: "debug" | "info" | "warning" | "error";
  readonly message: string;
  readonly urn?: string;
  /** A passing remark about progress, not worth keeping. */
  readonly ephemeral?: boolean;
}

/** How often each operation was counted; the default provider's are the engine's own business and are not. */
export type Changes = Partial<Record<Op, number>>;

/** Whoever tells a person, or a pipeline, what happens. */
export interface Reporter {
  /** A part of the operation begins: `Previewing update (local)`. */
  phase(title: string): void;
  /** What will be done; only in a preview. */
  planned(step: Step): void;
  started(step: Step): void;
  finished(step: Step, seconds: number): void;
  failed(step: Step, seconds: number): void;
  diagnostic(diagnostic: Diagnostic): void;
  outputs(outputs: Properties): void;
  /** What came of it: counted by kind, and how many could not be done. */
  summary(changes: Changes, seconds: number, preview: boolean, failures: number): void;
  /** Something a person should see that is about the run itself. */
  say(line: string): void;
}
