import type { Machine } from "../machine.ts";
import type { RuntimeKind } from "../runtimes/runtime.ts";
import type { DockerSource } from "../steps/docker-found.ts";

/** Something a machine lacks, and what a person can do about it. */
export interface Finding {
  /** `memory`, `clock`: stable, for programs that read it. */
  readonly what: string;
  readonly found: string;
  readonly try: string;
}

export interface PreflightVerdict {
  /** What nothing will run without. */
  readonly missing: readonly Finding[];
  /** What works and is worth knowing. */
  readonly notes: readonly string[];
}

export interface PreflightWants {
  readonly arch: Machine["arch"];
  readonly gpu: Machine["gpu"];
  readonly owner: Machine["owner"];
  /** What is going to run sandboxes on it. @default nothing is asked for it */
  readonly runtime?: { readonly kind: RuntimeKind; readonly accept?: readonly string[] };
  /** What it gets where it has no Docker. @default "distribution" */
  readonly docker?: DockerSource;
}

/** Where a judgement goes. */
export interface Say {
  lacks(what: string, found: string, hint: string): void;
  note(text: string): void;
}
