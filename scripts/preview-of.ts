import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Recorded, recordedIn, recordedOf } from "../review/drift/drift.ts";
import { refuseLeftHalfWay } from "../review/preview/left-half-way.ts";
import { FailedPreview, longestPreview, type Preview, readPreview } from "../review/preview/preview.ts";
import { refuseOtherStack, refuseOtherState } from "../review/preview/same-stack.ts";
import { ReviewError } from "../review/review-error.ts";
import { cloneFolder } from "./clone-paths.ts";
import { findEngine, runEngine } from "./engine-choice.ts";
import { isLocal, releaseDeadLocks } from "./local-backend.ts";
import { passphraseHint } from "./passphrase-hint.ts";
import type { Finished } from "./run-program.ts";

/** A preview that has just been made, and what the state said before it looked. */
export interface LivePreview {
  readonly preview: Preview;
  readonly recorded: ReadonlyMap<string, Recorded>;
  readonly engine: string;
}

/**
 * Makes a preview of a stack, with a look at the real things; nothing is changed.
 *
 * @throws ReviewError with what the engine said
 */
export async function previewOf(stack: string, say: (line: string) => void): Promise<LivePreview> {
  const engine = await findEngine({ download: true, say });
  say(`Engine: ${engine.about}`);
  if (isLocal(stack) && engine.kind === "cli") await releaseDeadLocks(stack);
  const run = (args: string[]) =>
    runEngine(engine, stack, [...args, "--stack", stack, "--non-interactive"], { timeoutSeconds: 1800 });

  const read = madePreview(stack, await run(previewArgs));
  const state = await run(["stack", "export"]);
  if (state.exitCode !== 0)
    throw new ReviewError(
      `the state of stack ${stack} could not be read\n  said  ${state.stderr.trim()}`,
      passphraseHint(stack, state.stderr),
    );
  refuseLeftHalfWay(state.stdout, stack);
  const shown = recordedIn(read);
  const recorded = shown.size > 0 ? shown : recordedByState(state.stdout, read);
  return { preview: read, recorded, engine: engine.about };
}

/** With what stays: of that only its own step shows what a look found. */
const previewArgs = ["preview", "--refresh", "--json", "--show-sames"];

function madePreview(stack: string, { exitCode, stdout, stderr }: Finished): Preview {
  const name = `the preview of stack ${stack}`;
  try {
    const read = stdout.trim().startsWith("{") ? readPreview(stdout, name) : undefined;
    if (read && exitCode === 0) return read;
  } catch (error) {
    // Its JSON tells best why it failed, where it came so far. Whatever else is wrong with it comes of the failure.
    if (exitCode === 0 || error instanceof FailedPreview) throw error;
  }
  throw new ReviewError(
    `${name} failed\n  ran   pulumi ${previewArgs.join(" ")}   (exit ${exitCode})\n  said  ${stderr.trim() || "nothing"}`,
    passphraseHint(stack, stderr),
  );
}

/** A preview that was made before. */
export interface StoredPreview {
  readonly stack: string;
  /** `-` is standard input. */
  readonly file: string;
  /** The state beside it, as `pulumi stack export` prints it; a preview alone does not tell what an interrupted update left. */
  readonly state?: string;
}

/**
 * Reads a preview that was made before.
 *
 * @throws ReviewError when there is none, it is no preview or one of another stack, or its stack was left half-way
 */
export function previewFromFile({ stack, file, state }: StoredPreview): Omit<LivePreview, "engine"> {
  const preview = readPreview(textOf(file), file === "-" ? "the preview on standard input" : `the preview in ${file}`);
  refuseOtherStack(preview, { stack, project: projectName() }, file);
  if (state !== undefined) {
    const text = textOf(state);
    refuseLeftHalfWay(text, stack);
    refuseOtherState(text, preview, state);
  }
  return { preview, recorded: recordedIn(preview) };
}

function projectName(): string | undefined {
  const { name } = (parse(readFileSync(join(cloneFolder, "Pulumi.yaml"), "utf8")) ?? {}) as { name?: unknown };
  return typeof name === "string" ? name : undefined;
}

function textOf(file: string): string {
  try {
    if (file !== "-" && statSync(file).size > 2 * longestPreview) {
      throw new ReviewError(`${file} is larger than any preview that is read`, "a preview of one stack");
    }
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    if (error instanceof ReviewError) throw error;
    throw new ReviewError(
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
    );
  }
}

function recordedByState(text: string, preview: Preview): Map<string, Recorded> {
  const { deployment } = JSON.parse(text) as {
    deployment?: { resources?: StoredResource[] };
  };
  const standing = (deployment?.resources ?? []).filter((resource) => !resource.delete);
  return recordedOf(standing, preview);
}

interface StoredResource {
  readonly urn: string;
  readonly type: string;
  readonly delete?: boolean;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}
