/**
 * `ensureNetwork({ name, owner })`, `deleteNetwork({ name, owner })`: the Docker network on which a local machine and
 * its demo find each other by name.
 */
import type { Owner } from "../machine.ts";
import { docker, inspect, isGone } from "./docker.ts";
import { labelArguments, ownerLabels, requireOwned } from "./labels.ts";
import { smallerMtu } from "./mtu.ts";

export interface NetworkArgs {
  readonly name: string;
  readonly owner: Owner;
  readonly signal?: AbortSignal;
}

interface NetworkRecord {
  readonly Id: string;
  readonly Labels: Record<string, string> | null;
}

/** @throws HostError `foreign` when a network of this name is not the owner's */
export async function ensureNetwork({ name, owner, signal }: NetworkArgs): Promise<void> {
  const present = await inspect<NetworkRecord>("network", name, { signal });
  if (present) return requireOwned(owner, "network", name, present.Labels);
  const labels = labelArguments({ ...ownerLabels(owner), "nemoclaw.kind": "network" });
  const mtu = await smallerMtu();
  const options = mtu === undefined ? [] : ["--opt", `com.docker.network.driver.mtu=${mtu}`];
  await docker(["network", "create", ...labels, ...options, name], {
    what: `create the network ${name}`,
    signal,
    try: "where Docker has run out of address ranges, remove networks nobody uses: docker network prune",
  }).catch(async (error) => {
    // A machine and its demo are made at the same time, and both want it.
    const made = await inspect<NetworkRecord>("network", name, { signal });
    if (!made) throw error;
    requireOwned(owner, "network", name, made.Labels);
  });
}

/** Removes the network once none of its owner's containers, running or stopped, is on it. Already gone is fine. */
export async function deleteNetwork({ name, owner, signal }: NetworkArgs): Promise<void> {
  const present = await inspect<NetworkRecord>("network", name, { signal });
  if (!present) return;
  requireOwned(owner, "network", name, present.Labels);
  const users = await docker(["ps", "--all", "--quiet", "--filter", `network=${name}`], { signal, timeoutSeconds: 30 });
  if (users.trim()) return;
  await docker(["network", "rm", name], { what: `remove the network ${name}`, signal }).catch((error) => {
    if (!isGone(error) && !/active endpoints/i.test(String(error))) throw error;
  });
}
