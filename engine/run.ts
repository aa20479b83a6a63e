import type pLimit from "p-limit";
import type { Config } from "./config.ts";
import type { Providers } from "./providers.ts";
import type { Changes, Op, Reporter, Step } from "./reporter.ts";
import type { Snapshot } from "./snapshot.ts";
import { isProvider } from "./urn.ts";

/** What one pass over the program, or one refresh or destroy, works with. */
export interface Run {
  readonly where: { readonly stack: string; readonly project: string };
  /** True in a preview: nothing real is changed and nothing is stored. */
  readonly dryRun: boolean;
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly providers: Providers;
  readonly report: Reporter;
  readonly changes: Changes;
  /** How many provider calls that change something run at once. */
  readonly slots: ReturnType<typeof pLimit>;
  /** Aborted when the person wants to stop. */
  readonly cancelled: AbortSignal;
}

/** Counts an operation for the summary. */
export function count(run: Run, op: Op, type: string): void {
  if (!isProvider(type)) run.changes[op] = (run.changes[op] ?? 0) + 1;
}

/** Reports a step around the work it takes; a preview only reports that it would be taken. */
export async function step<T>(run: Run, one: Step, work: () => Promise<T>): Promise<T> {
  const shown = !isProvider(one.before?.type ?? one.after?.type ?? "");
  if (run.dryRun) {
    if (shown) run.report.planned(one);
    return work();
  }
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  if (shown) run.report.started(one);
  try {
    const result = await work();
    if (shown) run.report.finished(one, seconds());
    return result;
  } catch (error) {
    if (shown) run.report.failed(one, seconds());
    throw error;
  }
}
