import type { Checkpoint } from "./checkpoint.ts";
import { Deployment } from "./deployment.ts";
import { EngineError } from "./errors.ts";
import { passOver } from "./program-pass.ts";
import { refresh as look } from "./refresh.ts";
import type { Changes, Reporter } from "./reporter.ts";
import type { Run } from "./run.ts";
import { Session, type Target } from "./session.ts";
import type { Properties } from "./values.ts";

export interface OperationOptions extends Target {
  readonly report: Reporter;
  /** Stops the operation in order: what runs is cancelled, its end recorded, nothing new begun. */
  readonly cancelled?: AbortSignal;
  /** Asked between preview and change. @default goes on */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** How many calls to providers run at once. @default all that can */
  readonly parallel?: number;
  /** Look at the real resources first. */
  readonly refresh?: boolean;
  /** Changes are an error, with exit code 2. */
  readonly expectNoChanges?: boolean;
  /** Show what would happen and stop there. */
  readonly previewOnly?: boolean;
  /** Change without showing first. */
  readonly skipPreview?: boolean;
  /** With `refresh`: forget creations that were interrupted. */
  readonly clearPendingCreates?: boolean;
}

export interface OperationResult {
  /** What was done, or in a preview would be. */
  readonly changes: Changes;
  readonly outputs: Properties;
}

/** What the program would change. */
export function preview(options: OperationOptions): Promise<OperationResult> {
  return operate({ ...options, previewOnly: true }, "update", passOver);
}

/** Makes the real resources what the program says. */
export function up(options: OperationOptions): Promise<OperationResult> {
  return operate(options, "update", passOver);
}

/** Deletes everything the stack has. The program is not run. */
export function destroy(options: OperationOptions): Promise<OperationResult> {
  return operate(options, "destroy", async (run) => {
    const deployment = new Deployment(run);
    await deployment.deleteAll(run.snapshot.rest);
    return deployment;
  });
}

/** Takes what the real resources have become into the state. */
export async function refresh(options: OperationOptions): Promise<OperationResult> {
  const { report } = options;
  const began = performance.now();
  await using session = await Session.start(options, report, options.previewOnly ? "look" : "change", true);
  report.phase(`Refreshing (${options.stack})`);
  const run = session.run({ dryRun: options.previewOnly === true, ...essentials(options) });
  const stop = cancelPlugins(session, options);
  const failures = await look(run).finally(stop);
  if (options.clearPendingCreates) run.snapshot.forgetCreations();
  report.summary(run.changes, seconds(began), true, failures.length);
  if (!options.previewOnly && !run.cancelled.aborted) {
    const agreed = unchanged(run.changes) || ((await options.confirm?.("Take these changes into the state?")) ?? true);
    if (!agreed) throw new EngineError("nothing was changed", { exitCode: 130 });
    await run.snapshot.close();
  }
  return concluded(options, run, failures, {});
}

type Pass = (run: Run, session: Session, options: OperationOptions) => Promise<Deployment>;

async function operate(options: OperationOptions, title: "update" | "destroy", pass: Pass): Promise<OperationResult> {
  const { report } = options;
  await using session = await Session.start(
    options,
    report,
    options.previewOnly ? "look" : "change",
    title === "update",
  );
  warnOfInterruption(session.before, report);
  const stop = cancelPlugins(session, options);
  try {
    const found = options.refresh ? await lookFirst(session, options) : undefined;
    if (!options.skipPreview || options.previewOnly) {
      const planned = await perform(session, options, title, pass, true, found);
      if (options.previewOnly)
        return concluded(options, planned.run, planned.deployment.failures, planned.deployment.outputs);
      if (planned.deployment.failures.length > 0 || planned.run.cancelled.aborted)
        return concluded(options, planned.run, planned.deployment.failures, {});
      const agreed = unchanged(planned.run.changes) || ((await options.confirm?.(`Perform this ${title}?`)) ?? true);
      if (!agreed) throw new EngineError("nothing was changed", { exitCode: 130 });
    }
    const { run, deployment } = await perform(session, options, title, pass, false, found);
    return concluded(options, run, deployment.failures, deployment.outputs);
  } finally {
    stop();
  }
}

async function perform(
  session: Session,
  options: OperationOptions,
  title: "update" | "destroy",
  pass: Pass,
  dryRun: boolean,
  from?: Checkpoint,
) {
  const began = performance.now();
  const names = { update: ["Previewing update", "Updating"], destroy: ["Previewing destroy", "Destroying"] } as const;
  options.report.phase(`${names[title][dryRun ? 0 : 1]} (${options.stack})`);
  const run = session.run({ dryRun, ...essentials(options), ...(from ? { from } : {}) });
  if (from) run.snapshot.touch();
  const deployment = await pass(run, session, options);
  await run.snapshot.close();
  options.report.outputs(deployment.outputs);
  options.report.summary(run.changes, seconds(began), dryRun, deployment.failures.length);
  return { run, deployment };
}

async function lookFirst(session: Session, options: OperationOptions): Promise<Checkpoint> {
  options.report.phase(`Refreshing (${options.stack})`);
  const run = session.run({ dryRun: true, ...essentials(options) });
  const [failure] = await look(run);
  if (failure !== undefined)
    throw new EngineError("the real resources could not all be looked at, so nothing was changed");
  return run.snapshot.checkpoint;
}

function concluded(
  options: OperationOptions,
  run: Run,
  failures: readonly unknown[],
  outputs: Properties,
): OperationResult {
  if (run.cancelled.aborted)
    throw new EngineError("cancelled; what was done is recorded, and the next `up` goes on from here", {
      exitCode: 130,
    });
  if (failures.length > 0)
    throw new EngineError(`${run.dryRun ? "the preview" : "the operation"} failed; see the errors above`);
  if (options.expectNoChanges && !unchanged(run.changes)) {
    throw new EngineError("no changes were expected, but there are some", { exitCode: 2 });
  }
  return { changes: run.changes, outputs };
}

function essentials({
  report,
  parallel = Number.POSITIVE_INFINITY,
  cancelled = new AbortController().signal,
}: OperationOptions) {
  return { report, parallel, cancelled };
}

function cancelPlugins(session: Session, { cancelled }: OperationOptions): () => void {
  const cancel = () => void session.providers.cancel();
  cancelled?.addEventListener("abort", cancel, { once: true });
  return () => cancelled?.removeEventListener("abort", cancel);
}

function warnOfInterruption(before: Checkpoint, report: Reporter): void {
  if (before.operations.length === 0) return;
  const list = before.operations.map(({ resource, type }) => `  ${resource.urn}, interrupted while ${type}`);
  report.diagnostic({
    severity: "warning",
    message: [
      "an earlier run was interrupted; `up` takes these up again as long as the program has them:",
      ...list,
    ].join("\n"),
  });
}

function unchanged(changes: Changes): boolean {
  return Object.entries(changes).every(([op, times]) => op === "same" || times === 0);
}

function seconds(began: number): number {
  return (performance.now() - began) / 1000;
}
