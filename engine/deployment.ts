import { randomBytes } from "node:crypto";
import { replacedAlongWith } from "./cascade.ts";
import { create, keep, remove, update } from "./change.ts";
import { decide } from "./decide.ts";
import { providerReference, registerDefaultProvider } from "./default-provider.ts";
import { deleteInOrder } from "./delete-order.ts";
import { EngineError, messageOf } from "./errors.ts";
import { type Goal, wantedState } from "./goal.ts";
import { keepOld } from "./property-path.ts";
import type { Provider } from "./provider.ts";
import type { ResourceState } from "./resource-state.ts";
import type { Run } from "./run.ts";
import { makeUrn, packageOf, stackType } from "./urn.ts";
import { equal, type Properties } from "./values.ts";

/** Thrown to whoever asks for more after something failed or was cancelled: nothing new is begun. */
export class Stopping extends Error {}

/**
 * One pass of the program: every resource it registers is compared with the state and changed as needed, and in the end
 * what it no longer registers is deleted. Resources are dealt with as they come, so whatever the program does not make
 * wait for something else runs at the same time.
 */
export class Deployment {
  /** What went wrong, in the order it did. */
  readonly failures: unknown[] = [];
  readonly #run: Run;
  readonly #olds: ReadonlyMap<string, ResourceState>;
  readonly #seen = new Set<string>();
  readonly #news = new Map<string, ResourceState>();
  readonly #replaced = new Set<string>();
  readonly #deleting = new Set<string>();
  readonly #deleted = new Map<string, Promise<void>>();
  readonly #defaults = new Map<string, ResourceState>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(run: Run) {
    this.#run = run;
    this.#olds = new Map(run.snapshot.rest.filter((state) => !state.delete).map((state) => [state.urn, state]));
  }

  get stopped(): boolean {
    return this.failures.length > 0 || this.#run.cancelled.aborted;
  }

  /** What the stack's program returned. */
  get outputs(): Properties {
    return [...this.#news.values()].find(({ type }) => type === stackType)?.outputs ?? {};
  }

  /** Makes one resource as the program wants it. */
  register(goal: Goal): Promise<ResourceState> {
    if (this.stopped) throw new Stopping();
    const urn = makeUrn(this.#run.where, goal.parent, goal.type, goal.name);
    const work = this.#settle(urn, goal).catch((error) => {
      this.fail(error, urn);
      throw new Stopping();
    });
    const tracked = work.catch(() => {}).finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return work;
  }

  /** Adds what a component says about itself when it is complete. */
  registerOutputs(urn: string, outputs: Properties): void {
    const state = this.#news.get(urn);
    if (!state) throw new EngineError(`outputs were registered for ${urn}, which was not`);
    if (equal(state.outputs ?? {}, outputs)) return;
    state.outputs = outputs;
    this.#run.snapshot.touch();
  }

  fail(error: unknown, urn?: string): void {
    this.failures.push(error);
    this.#run.report.diagnostic({ severity: "error", message: messageOf(error), ...(urn ? { urn } : {}) });
  }

  /** Waits for everything that was begun. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Deletes what the program no longer has, and what replacements have left behind. */
  async finish(): Promise<void> {
    if (this.stopped) return;
    const left = this.#run.snapshot.rest.filter((state) => state.delete || !this.#seen.has(state.urn));
    for (const state of left.filter((one) => one.pendingReplacement)) this.#run.snapshot.note({ remove: state });
    await this.deleteAll(left.filter((one) => !one.pendingReplacement));
  }

  /** Deletes resources, last made first. */
  async deleteAll(states: readonly ResourceState[]): Promise<void> {
    const guarded = states.filter((state) => state.protect && !state.delete);
    for (const { urn } of guarded) this.fail(new EngineError(protectedMessage), urn);
    if (guarded.length > 0) return;
    for (const { urn } of states) this.#deleting.add(urn);
    await deleteInOrder(states, async (state) => {
      if (this.#run.cancelled.aborted) throw new Stopping();
      await remove(this.#run, state, this.#deleting).catch((error) => {
        this.fail(error, state.urn);
        throw new Stopping();
      });
    }).catch((error) => {
      if (!(error instanceof Stopping)) throw error;
    });
  }

  async #settle(urn: string, goal: Goal): Promise<ResourceState> {
    if (this.#seen.has(urn)) throw new EngineError(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    this.#seen.add(urn);
    await this.#deleted.get(urn);

    const provider = goal.custom ? await this.#run.providers.get(packageOf(goal.type)) : undefined;
    const before = this.#olds.get(urn);
    const after = wantedState(urn, goal, goal.custom ? this.#provider(packageOf(goal.type)) : undefined);
    const gone = this.#deleted.has(urn);
    if (provider) after.inputs = await this.#check(provider, urn, gone ? undefined : before, goal);

    if (!before) await create(this.#run, after);
    else if (gone) await create(this.#run, after, before);
    else await this.#reconcile(before, after, goal, provider);
    this.#news.set(urn, after);
    return after;
  }

  async #reconcile(
    before: ResourceState,
    after: ResourceState,
    goal: Goal,
    provider: Provider | undefined,
  ): Promise<void> {
    after.created = before.created ?? "";
    after.modified = before.modified ?? "";
    const decision = await decide(before, after, goal, provider, this.#replaced);
    if (this.stopped) throw new Stopping();
    if (decision.op === "same") return keep(this.#run, before, after);
    if (decision.op === "update") return update(this.#run, before, after, decision);

    if (before.protect && after.protect) throw new EngineError(protectedMessage);
    this.#replaced.add(before.urn);
    if (provider) after.inputs = await this.#check(provider, before.urn, undefined, goal);
    if (decision.deleteFirst) await this.#deleteFirst(before);
    await create(this.#run, after, before, decision);
  }

  async #deleteFirst(before: ResourceState): Promise<void> {
    const along = await replacedAlongWith(this.#run, before, this.#run.snapshot.rest, this.#seen);
    const guarded = along.find(({ protect }) => protect);
    if (guarded) throw new EngineError(`${protectedMessage}\n  it would be replaced along with ${before.urn}`);
    const going = [before, ...along].filter((state) => !state.pendingReplacement && !this.#deleted.has(state.urn));
    for (const { urn } of going) this.#deleting.add(urn);
    const deletions = deleteInOrder(going, (state) => remove(this.#run, state, this.#deleting, true));
    for (const { urn } of along) {
      this.#replaced.add(urn);
      this.#deleted.set(urn, deletions);
    }
    await deletions;
  }

  #provider(packageName: string): string {
    let state = this.#defaults.get(packageName);
    if (!state) {
      const urn = makeUrn(this.#run.where, "", `pulumi:providers:${packageName}`, "default");
      state = registerDefaultProvider(this.#run, packageName, this.#olds.get(urn));
      this.#seen.add(urn);
      this.#defaults.set(packageName, state);
    }
    return providerReference(state);
  }

  async #check(provider: Provider, urn: string, before: ResourceState | undefined, goal: Goal): Promise<Properties> {
    const wanted = before ? keepOld(goal.inputs, before.inputs ?? {}, goal.ignoreChanges) : goal.inputs;
    const { inputs, failures } = await provider.check(urn, before?.inputs ?? {}, wanted, randomBytes(32));
    if (failures.length === 0) return inputs;
    throw new EngineError(
      failures.map(({ property, reason }) => (property ? `${property}: ${reason}` : reason)).join("\n"),
    );
  }
}

const protectedMessage =
  "this resource is protected, so it is neither deleted nor replaced\n  try   remove `protect` from it in the program and run `up` first";
