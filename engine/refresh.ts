import { finish } from "./change.ts";
import { diffWith } from "./decide.ts";
import { messageOf } from "./errors.ts";
import { changedKeys, detailOf, differences } from "./object-diff.ts";
import { initErrorsOf } from "./provider-answer.ts";
import type { Step } from "./reporter.ts";
import type { ResourceState } from "./resource-state.ts";
import { count, type Run } from "./run.ts";
import { isProvider, packageOf } from "./urn.ts";
import { equal, type Properties } from "./values.ts";

/**
 * Looks at every real resource and puts what was found into the snapshot. All reads begin at once, so that a plugin can
 * answer the questions about one machine in one round trip.
 *
 * @returns what went wrong; everything else is taken in all the same
 */
export async function refresh(run: Run): Promise<unknown[]> {
  const found = new Map<ResourceState, ResourceState | undefined>();
  const failures: unknown[] = [];
  const looked = await Promise.all(
    run.snapshot.rest.map(async (before): Promise<Step | undefined> => {
      if (!before.custom || before.pendingReplacement || isProvider(before.type))
        return { op: "refresh", urn: before.urn, before, after: before };
      try {
        return await run.slots(() => look(run, before));
      } catch (error) {
        failures.push(error);
        run.report.diagnostic({ severity: "error", urn: before.urn, message: messageOf(error) });
        return undefined;
      }
    }),
  );
  for (const step of looked) {
    if (!step?.before) continue;
    if (step.after !== step.before) found.set(step.before, step.after);
    count(run, step.op === "refresh" ? "same" : step.op, step.before.type);
    if (!isProvider(step.before.type)) run.report.planned(step);
  }
  if (found.size > 0) run.snapshot.refreshed(found);
  return failures;
}

async function look(run: Run, before: ResourceState): Promise<Step> {
  const { urn } = before;
  const provider = await run.providers.get(packageOf(before.type));
  const known = { inputs: before.inputs ?? {}, outputs: before.outputs ?? {} };
  const now = await provider.read(before.id ?? "", urn, known, before.customTimeouts?.read);
  if (!now) return { op: "delete", urn, before, found: true };

  const after: ResourceState = {
    ...before,
    id: now.id,
    inputs: now.inputs ?? known.inputs,
    outputs: now.outputs,
    initErrors: initErrorsOf(now),
  };
  finish(after);
  if (now.failure) {
    run.report.diagnostic({
      severity: "warning",
      urn,
      message: `it is there but not well:\n${initErrorsOf(now).join("\n")}`,
    });
  }
  const same = equal(after.inputs, known.inputs) && equal(after.outputs, known.outputs) && after.id === before.id;
  if (same && equal(after.initErrors ?? [], before.initErrors ?? []))
    return { op: "refresh", urn, before, after: before };
  after.modified = new Date().toISOString();

  // The question is what the next `up` would change, so what was found stands as what is there and the recorded inputs as
  // what is wanted.
  const diff = await diffWith(provider, after, known.inputs, before.ignoreChanges ?? []);
  if (!diff.changes) return { op: "refresh", urn, before, after };
  const changes = differences(known.inputs, after.inputs as Properties);
  const shown = changes.length > 0 ? changes : differences(known.outputs, after.outputs as Properties);
  return { op: "update", urn, before, after, changedKeys: changedKeys(shown), detail: detailOf(shown), found: true };
}
