import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { ReviewError } from "../review-error.ts";
import { brokenText, guardrailResults } from "./guardrails.ts";
import { isDeeper } from "./nesting.ts";
import { nameOf, operationOf, type PreviewStep, previewStep, typeOf } from "./preview-step.ts";
import { missingState } from "./whole-states.ts";

const digest = z.looseObject({
  config: z.record(z.string(), z.unknown()).nullish(),
  steps: z.array(previewStep).nullish(),
  diagnostics: z
    .array(
      z.looseObject({
        message: z.string().default(""),
        severity: z.string().default("info"),
        urn: z.string().nullish(),
      }),
    )
    .nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});

/** What `pulumi preview --json` printed, checked. */
export interface Preview {
  readonly steps: readonly PreviewStep[];
  /** How often each operation was counted. */
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: readonly { readonly message: string; readonly urn?: string | null }[];
}

/** Of a preview that says itself why it failed. */
export class FailedPreview extends ReviewError {}

/** Longest preview that is read, in characters. A thousand resources make about a tenth of it. */
export const longestPreview = 64 * 1024 * 1024;

/**
 * Reads the JSON of a preview, from the Pulumi CLI or the embedded engine.
 *
 * @param name how to name it in errors
 * @throws ReviewError when it is no preview, is cut off, or is of a preview that failed: no report is better than a wrong one
 */
export function readPreview(text: string, name: string): Preview {
  if (text.length > longestPreview) {
    throw new ReviewError(
      `${name} has ${Math.round(text.length / 1024 / 1024)} MiB, more than the ${longestPreview / 1024 / 1024} that are read`,
      "a preview of one stack; pulumi preview --json without --show-reads, and without --show-sames if need be",
    );
  }
  const found = digest.safeParse(json(text, name));
  if (!found.success) {
    const [issue] = found.error.issues;
    throw new ReviewError(
      `${name} is not the JSON of a preview: ${issue?.path.join(".") || "the whole"}: ${issue?.message}`,
      how,
    );
  }
  const { steps, diagnostics, changeSummary } = found.data;
  const errors = (diagnostics ?? []).filter(
    ({ severity, message }) => severity === "error" && !atItsEnd.test(plain(message)),
  );
  if (errors.length > 0) {
    const said = errors.map(({ message, urn }) => `  ${urn ? `${nameOf(urn)}: ` : ""}${plain(message)}`).join("\n");
    const rules = brokenText(guardrailResults(steps ?? []));
    const because = rules === "" ? "" : `\nguardrails that it breaks, as far as it came:\n${rules}`;
    throw new FailedPreview(`${name} failed, so there is nothing to review:\n${said}${because}`);
  }
  if (!changeSummary) {
    throw new ReviewError(`${name} has no summary of changes: the preview did not come to its end`, how);
  }
  checkWhole(name, steps ?? [], changeSummary);
  const told = lookTold(steps ?? []);
  const lacks = told.map(missingState).find((found) => found !== undefined);
  if (lacks !== undefined) throw new ReviewError(`${name} has ${lacks}: part of it is missing`, how);
  const warnings = (diagnostics ?? []).filter(({ severity }) => severity === "warning");
  return {
    steps: told,
    counts: changeSummary,
    warnings: warnings.map(({ message, urn }) => ({ message: plain(message), urn })),
  };
}

// The CLI's own words when it ends a plugin that it loaded twice, for the look and for the program, and one of the two does
// not hear of it in time. What was previewed is whole by then; a plugin that fails earlier fails a call, with another error.
const atItsEnd = /^(error: )?Detected that \S+ exited prematurely/;

// What a preview has is some ten deep.
const deepest = 200;

const how = "scripts/pulumi preview -s STACK --refresh --json --show-sames >preview.json";

function json(text: string, name: string): unknown {
  if (text.trim() === "") throw new ReviewError(`${name} is empty`, how);
  const value = parsed(text, name);
  if (isDeeper(value, deepest)) {
    throw new ReviewError(`${name} has values inside values, more than the ${deepest} deep that are read`, how);
  }
  return value;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ReviewError(`${name} is not JSON: ${(error as Error).message}`, how);
  }
}

// What is counted must be there, or a cut report would look like a small change.
function checkWhole(name: string, steps: readonly PreviewStep[], counts: Readonly<Record<string, number>>): void {
  const unknown = [...Object.keys(counts), ...steps.map(({ op }) => op)].find((op) => !operations.includes(op));
  if (unknown !== undefined) {
    const hint = unknown.startsWith("import") ? "pulumi import first, then a review of what is left" : undefined;
    throw new ReviewError(`${name} has the operation ${unknown}, of which a review cannot say what it does`, hint);
  }
  for (const op of ["create", "update", "delete", "replace"]) {
    const wanted = counts[op] ?? 0;
    const looked = programBegins(steps);
    // One thing may have been found changed and be changed again: the engine counts both.
    const listed = steps.flatMap((one, at) => (operationOf(one) === op ? [`${at < looked} ${one.urn}`] : []));
    const size = new Set(listed).size;
    if (size < wanted) {
      throw new ReviewError(`${name} counts ${wanted} to ${op} and lists ${size}: part of it is missing`, how);
    }
  }
  if (!Object.values(counts).some((count) => count > 0) || !steps.some((step) => typeOf(step) === stackType)) {
    throw new ReviewError(`${name} has nothing in it, not even the stack itself: part of it is missing`, how);
  }
}

/** What the engines do; after the first line what changes no real thing. */
const operations: readonly string[] = [
  ...["create", "update", "delete", "replace", "create-replacement", "delete-replaced"],
  ...["same", "refresh", "diff", "read", "read-replacement", "discard", "discard-replaced", "remove-pending-replace"],
];

const stackType = "pulumi:pulumi:Stack";

/** Where what the program wants begins: with the stack itself. Before that stands what a look at the real things found. */
function programBegins(steps: readonly PreviewStep[]): number {
  if (!steps.some(({ op }) => op === "refresh")) return 0;
  return Math.max(
    0,
    steps.findIndex((step) => typeOf(step) === stackType && step.op !== "refresh"),
  );
}

// The engines write what they found changed or gone as an update or a deletion, as if they were going to do that.
function lookTold(steps: readonly PreviewStep[]): PreviewStep[] {
  const looked = programBegins(steps);
  return steps.map((step, at) =>
    at < looked && (step.op === "update" || step.op === "delete") ? { ...step, op: "refresh" } : step,
  );
}

/** Without the colours that a terminal would show, and without the CLI's own marks for them. */
function plain(message: string): string {
  return stripVTControlCharacters(message)
    .replaceAll(/<\{%[^%]*%\}>/g, "")
    .trim();
}
