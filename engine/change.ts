import type { Decision } from "./decide.ts";
import { initErrorsOf, type Made, ProviderError } from "./provider-answer.ts";
import type { Step } from "./reporter.ts";
import type { PendingOperation, ResourceState } from "./resource-state.ts";
import { count, type Run, step } from "./run.ts";
import { isProvider, packageOf } from "./urn.ts";
import { isSecret, secret } from "./values.ts";

// The changes themselves: each is recorded as begun before the provider is called and as done after, with what came of it.

/** Takes a resource over as it is. */
export function keep(run: Run, before: ResourceState, after: ResourceState): void {
  after.id = before.id;
  after.outputs = before.outputs;
  finish(after);
  count(run, "same", after.type);
  if (run.dryRun) run.report.planned({ op: "same", urn: after.urn, before, after });
  run.snapshot.note({ add: after, remove: before });
}

/**
 * Makes a resource.
 *
 * @param old what it replaces; still there unless it is marked as deleted for its replacement
 */
export async function create(run: Run, after: ResourceState, old?: ResourceState, why?: Decision): Promise<void> {
  const gone = old?.pendingReplacement === true;
  const one = {
    op: old ? "create-replacement" : "create",
    urn: after.urn,
    ...(old ? { before: old } : {}),
    after,
  } as const;
  await step(run, { ...one, ...reasons(why) }, async () => {
    if (old && !gone && run.dryRun) old.delete = true;
    await perform(run, "creating", after, gone ? old : undefined, async (provider) => {
      const made = await provider.create(after.urn, after.inputs ?? {}, after.customTimeouts?.create);
      if (old && !gone) old.delete = true;
      return made;
    });
    count(run, old ? "replace" : "create", after.type);
  });
}

/** Changes a resource in place. */
export async function update(run: Run, before: ResourceState, after: ResourceState, why: Decision): Promise<void> {
  after.id = before.id;
  await step(run, { op: "update", urn: after.urn, before, after, ...reasons(why) }, async () => {
    await perform(run, "updating", after, before, (provider) => {
      const known = { inputs: before.inputs ?? {}, outputs: before.outputs ?? {} };
      const options = { timeoutSeconds: after.customTimeouts?.update ?? 0, ignored: after.ignoreChanges ?? [] };
      return provider.update(before.id ?? "", after.urn, known, after.inputs ?? {}, options);
    });
    count(run, "update", after.type);
  });
}

/**
 * Deletes a resource.
 *
 * @param deleting every URN this run deletes, since what is deleted with another is not deleted by itself
 * @param forReplacement keeps the record until the replacement is made, so that an interruption is not forgotten
 */
export async function remove(
  run: Run,
  old: ResourceState,
  deleting: ReadonlySet<string>,
  forReplacement = false,
): Promise<void> {
  const replacing = forReplacement || old.delete === true;
  await step(run, { op: replacing ? "delete-replaced" : "delete", urn: old.urn, before: old }, async () => {
    if (run.dryRun && forReplacement) old.pendingReplacement = true;
    const leave =
      !old.custom || isProvider(old.type) || old.retainOnDelete || (old.deletedWith && deleting.has(old.deletedWith));
    if (run.dryRun) run.snapshot.note(forReplacement ? {} : { remove: old });
    else {
      const operation = await run.snapshot.begin("deleting", old);
      await guarded(run, operation, async () => {
        if (leave) return;
        const provider = await run.providers.get(packageOf(old.type));
        const known = { inputs: old.inputs ?? {}, outputs: old.outputs ?? {} };
        await run.slots(() => provider.delete(old.id ?? "", old.urn, known, old.customTimeouts?.delete));
      });
      if (forReplacement) old.pendingReplacement = true;
      await run.snapshot.end(operation, forReplacement ? {} : { remove: old });
    }
    if (!replacing) count(run, "delete", old.type);
  });
}

function reasons(why: Decision | undefined): Pick<Step, "replaceKeys" | "changedKeys" | "detail"> {
  if (!why) return {};
  return { replaceKeys: why.replaceKeys, changedKeys: why.changedKeys, ...(why.detail ? { detail: why.detail } : {}) };
}

type Call = (provider: Awaited<ReturnType<Run["providers"]["get"]>>) => Promise<Made>;

async function perform(
  run: Run,
  type: "creating" | "updating",
  after: ResourceState,
  gone: ResourceState | undefined,
  call: Call,
): Promise<void> {
  const now = new Date().toISOString();
  if (type === "creating" || !after.created) after.created = now;
  after.modified = now;
  const change = { add: after, ...(gone ? { remove: gone } : {}) };
  if (!after.custom || run.dryRun) {
    // What a provider would compute stays unknown: the program sees the inputs and nothing more.
    if (after.custom) after.outputs = { ...after.inputs };
    finish(after);
    run.snapshot.note(change);
    return;
  }
  const operation = await run.snapshot.begin(type, after);
  const made = await guarded(run, operation, async () =>
    run.slots(async () => call(await run.providers.get(packageOf(after.type)))),
  );
  after.id = made.id;
  after.outputs = made.outputs;
  after.initErrors = initErrorsOf(made);
  finish(after);
  await run.snapshot.end(operation, change);
  if (made.failure)
    throw new ProviderError([made.failure.message, ...made.failure.reasons].filter(unique).join("\n"), false);
}

async function guarded<T>(run: Run, operation: PendingOperation, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // When the plugin went away in the middle the operation stays pending: nobody knows how far it got.
    if (!(error instanceof ProviderError && error.lost)) await run.snapshot.end(operation);
    throw error;
  }
}

/** Marks as secret what was asked to be, and every output that repeats a secret input. */
export function finish(state: ResourceState): void {
  const outputs = state.outputs;
  if (!outputs) return;
  const hidden = new Set(state.additionalSecretOutputs ?? []);
  state.outputs = Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [
      key,
      hidden.has(key) || isSecret(state.inputs?.[key]) ? secret(value) : value,
    ]),
  );
}

function unique(text: string, at: number, all: readonly string[]): boolean {
  return text !== "" && all.indexOf(text) === at;
}
