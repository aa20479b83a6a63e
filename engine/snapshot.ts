import type { Checkpoint } from "./checkpoint.ts";
import type { PendingOperation, ResourceState } from "./resource-state.ts";
import { needs } from "./resource-state.ts";
import { providerUrn } from "./urn.ts";

/**
 * The state while it changes. What this run has dealt with comes first, in the order it was done, then what is left of the
 * state before; so whatever a resource needs stands before it at every moment, and a run that stops anywhere leaves a state
 * that the next one, or the CLI, goes on from.
 */
export class Snapshot {
  #done: ResourceState[] = [];
  #rest: ResourceState[];
  #operations: PendingOperation[];
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  readonly #write: (checkpoint: Checkpoint) => Promise<void>;

  /** @param write stores a checkpoint; a preview passes one that does nothing */
  constructor(before: Checkpoint, write: (checkpoint: Checkpoint) => Promise<void>) {
    this.#rest = [...before.resources];
    // Only an unfinished creation says something the state does not: a thing may be there that nobody knows the id of.
    this.#operations = before.operations.filter(({ type }) => type === "creating");
    this.#write = write;
  }

  get checkpoint(): Checkpoint {
    return { resources: [...this.#done, ...this.#rest], operations: [...this.#operations] };
  }

  /** The resources of the state before that this run has not dealt with, or has still to delete. */
  get rest(): readonly ResourceState[] {
    return this.#rest;
  }

  /** Records what is about to be done, before it is done. */
  async begin(type: PendingOperation["type"], resource: ResourceState): Promise<PendingOperation> {
    const operation = { type, resource: { ...resource } };
    this.#operations = this.#operations.filter((one) => type !== "creating" || one.resource.urn !== resource.urn);
    this.#operations.push(operation);
    await this.#flush();
    return operation;
  }

  /** Records that an operation ended, and what came of it. */
  async end(operation: PendingOperation, change: { add?: ResourceState; remove?: ResourceState } = {}): Promise<void> {
    this.#operations = this.#operations.filter((one) => one !== operation);
    this.#change(change);
    await this.#flush();
  }

  /** Records a change that nobody loses by losing it; it is written with the next one that matters. */
  note(change: { add?: ResourceState; remove?: ResourceState }): void {
    this.#change(change);
    this.#dirty = true;
  }

  /** Puts what a look at the world found in place of what was known; no finding means the thing is gone. */
  refreshed(found: ReadonlyMap<ResourceState, ResourceState | undefined>): void {
    this.#rest = withoutDangling(
      this.#rest.flatMap((state) => {
        const now = found.has(state) ? found.get(state) : state;
        return now ? [now] : [];
      }),
    );
    this.#dirty = true;
  }

  /** Forgets creations that nobody knows the end of; somebody has looked whether the things are there. */
  forgetCreations(): void {
    if (this.#operations.length > 0) this.#dirty = true;
    this.#operations = [];
  }

  /** Says that a recorded resource was changed in place. */
  touch(): void {
    this.#dirty = true;
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    if (this.#dirty) await this.#flush();
    await this.#writing;
  }

  #change({ add, remove }: { add?: ResourceState; remove?: ResourceState }): void {
    if (remove) {
      this.#done = this.#done.filter((state) => state !== remove);
      this.#rest = this.#rest.filter((state) => state !== remove);
    }
    if (add) this.#done.push(add);
  }

  // Many changes that end together share one write: whoever comes while one is running waits for the next, which has all.
  #flush(): Promise<void> {
    this.#dirty = true;
    this.#waiting ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined;
        this.#dirty = false;
        this.#writing = this.#write(this.checkpoint);
        return this.#writing;
      });
    return this.#waiting;
  }
}

function withoutDangling(states: ResourceState[]): ResourceState[] {
  const there = new Set<string>();
  const kept = (urns: readonly string[]) => urns.filter((urn) => there.has(urn));
  return states.map((state) => {
    const whole = [...needs(state, providerUrn)].every((urn) => there.has(urn));
    there.add(state.urn);
    if (whole) return state;
    const { parent, deletedWith, ...others } = state;
    return {
      ...others,
      ...(parent && there.has(parent) ? { parent } : {}),
      ...(deletedWith && there.has(deletedWith) ? { deletedWith } : {}),
      ...(state.dependencies ? { dependencies: kept(state.dependencies) } : {}),
      ...(state.propertyDependencies
        ? {
            propertyDependencies: Object.fromEntries(
              Object.entries(state.propertyDependencies).map(([k, v]) => [k, kept(v)]),
            ),
          }
        : {}),
    };
  });
}
