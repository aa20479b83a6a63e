import type { ResourceState } from "./resource-state.ts";
import { needs } from "./resource-state.ts";
import { providerUrn } from "./urn.ts";

/**
 * Deletes resources, each as soon as everything that needs it is gone, as many at once as that allows.
 *
 * @param states in the order of the checkpoint, where what is needed stands before what needs it
 * @param remove deletes one; after the first that fails no other is begun
 */
export async function deleteInOrder(
  states: readonly ResourceState[],
  remove: (state: ResourceState) => Promise<void>,
): Promise<void> {
  const wants = states.map((state) => needs(state, providerUrn));
  const going: Promise<void>[] = [];
  let stopped = false;
  // From the last to the first, so that everything that could need a resource is under way when its turn comes.
  for (let at = states.length - 1; at >= 0; at -= 1) {
    const state = states[at] as ResourceState;
    const before = states.flatMap((_, other) => (other > at && wants[other]?.has(state.urn) ? [going[other]] : []));
    going[at] = Promise.all(before).then(async () => {
      if (stopped) throw new Stopped();
      await remove(state).catch((error) => {
        stopped = true;
        throw error;
      });
    });
  }
  const results = await Promise.allSettled(going);
  const failures = results.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  const real = failures.find((error) => !(error instanceof Stopped)) ?? failures[0];
  if (real !== undefined) throw real;
}

/** Not begun, because something before it failed. */
class Stopped extends Error {}
