import { readFileSync, statSync } from "node:fs";
import { type Recorded, recordedIn } from "../review/drift.ts";
import { longestPreview, type Preview, readPreview } from "../review/preview.ts";
import { ReviewError } from "../review/review-error.ts";
import { findEngine, runEngine } from "./engine-choice.ts";
import { isLocal, releaseDeadLocks } from "./local-backend.ts";

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

  const preview = await run(["preview", "--refresh", "--json"]);
  // Its JSON tells best why it failed, where it came so far.
  const read = preview.stdout.trim().startsWith("{") ? readPreview(preview.stdout, `of stack ${stack}`) : undefined;
  if (preview.exitCode !== 0 || read === undefined) {
    throw new ReviewError(
      `the preview of stack ${stack} failed\n  ran   pulumi preview --refresh --json   (exit ${preview.exitCode})\n  said  ${preview.stderr.trim() || "nothing"}`,
    );
  }
  const shown = recordedIn(read);
  if (shown.size > 0) return { preview: read, recorded: shown, engine: engine.about };
  const state = await run(["stack", "export"]);
  if (state.exitCode !== 0)
    throw new ReviewError(`the state of stack ${stack} could not be read\n  said  ${state.stderr.trim()}`);
  return { preview: read, recorded: recordedByState(state.stdout), engine: engine.about };
}

/**
 * Reads a preview that was made before; `-` is standard input.
 *
 * @throws ReviewError when there is none, or it is no preview
 */
export function previewFromFile(file: string): Omit<LivePreview, "engine"> {
  const preview = readPreview(textOf(file), file);
  return { preview, recorded: recordedIn(preview) };
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

function recordedByState(text: string): Map<string, Recorded> {
  const { deployment } = JSON.parse(text) as {
    deployment?: { resources?: { urn: string; type: string; delete?: boolean; inputs?: Record<string, unknown> }[] };
  };
  const standing = (deployment?.resources ?? []).filter((resource) => !resource.delete);
  return new Map(standing.map(({ urn, type, inputs = {} }) => [urn, { type, inputs }]));
}
