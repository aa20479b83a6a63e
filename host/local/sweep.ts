/**
 * `listLocal(owner)` → everything of an owner's in this computer's Docker; `sweepLocal(owner)` removes it, for what a killed
 * run left behind that no state knows of.
 */
import type { Owner } from "../machine.ts";
import { removeContainer } from "./container.ts";
import { docker, isGone, list } from "./docker.ts";
import { ownerLabels } from "./labels.ts";
import { deleteVolumes } from "./volume.ts";

export interface LocalThings {
  /** Container ids, running and stopped. */
  readonly containers: readonly string[];
  /** Volume names. */
  readonly volumes: readonly string[];
  /** Network ids. */
  readonly networks: readonly string[];
}

export async function listLocal(owner: Owner, signal?: AbortSignal): Promise<LocalThings> {
  const labels = ownerLabels(owner);
  const [containers, volumes, networks] = await Promise.all([
    list("container", labels, { signal }),
    list("volume", labels, { signal }),
    list("network", labels, { signal }),
  ]);
  return { containers, volumes, networks };
}

/** @returns what was there and is removed now; images stay, because every stack shares them */
export async function sweepLocal(owner: Owner, signal?: AbortSignal): Promise<LocalThings> {
  const things = await listLocal(owner, signal);
  for (const id of things.containers) await removeContainer(id, owner, signal);
  await deleteVolumes(owner, {}, signal);
  for (const id of things.networks) {
    await docker(["network", "rm", id], { what: `remove the network ${id}`, signal }).catch((error) => {
      if (!isGone(error)) throw error;
    });
  }
  return things;
}
