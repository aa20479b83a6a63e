/** `ensureVolume({ name, owner, labels })`, `deleteVolumes(owner, labels)`: a machine's disk for its own Docker. */
import type { Owner } from "../machine.ts";
import { docker, inspect, isGone, list } from "./docker.ts";
import { type Labels, labelArguments, ownerLabels, requireOwned } from "./labels.ts";

/** @throws HostError `foreign` when a volume of this name is not the owner's */
export async function ensureVolume(a: {
  name: string;
  owner: Owner;
  labels: Labels;
  signal?: AbortSignal;
}): Promise<string> {
  const present = await inspect<{ Labels: Labels | null }>("volume", a.name, { signal: a.signal });
  if (present) requireOwned(a.owner, "volume", a.name, present.Labels);
  else {
    await docker(["volume", "create", ...labelArguments({ ...ownerLabels(a.owner), ...a.labels }), a.name], {
      what: `create the volume ${a.name}`,
      signal: a.signal,
    });
  }
  return a.name;
}

/** Removes the owner's volumes that carry these labels too. Already gone is fine. */
export async function deleteVolumes(owner: Owner, labels: Labels, signal?: AbortSignal): Promise<void> {
  for (const name of await list("volume", { ...ownerLabels(owner), ...labels }, { signal })) {
    await docker(["volume", "rm", name], { what: `remove the volume ${name}`, signal }).catch((error) => {
      if (!isGone(error)) throw error;
    });
  }
}
