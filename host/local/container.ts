/** What a local machine and its demo have in common as containers: looked at, started with kept ports, removed. */
import { createServer } from "node:net";
import { z } from "zod";
import { HostError } from "../errors.ts";
import type { Owner } from "../machine.ts";
import { docker, inspect, isGone } from "./docker.ts";
import { type Labels, requireOwned } from "./labels.ts";

/** A container as observed. */
export interface ContainerState {
  readonly containerId: string;
  readonly name: string;
  readonly running: boolean;
  /** Id of the image it was made from. */
  readonly image: string;
  readonly labels: Labels;
  /** Published ports on this computer's 127.0.0.1, by container port. */
  readonly ports: Readonly<Record<number, number>>;
  /** Memory limit in bytes; 0 = none. */
  readonly memory: number;
  readonly startedAt: string;
}

const record = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.object({ Running: z.boolean(), StartedAt: z.string() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullable() }),
  HostConfig: z.object({
    Memory: z.number(),
    PortBindings: z.record(z.string(), z.array(z.object({ HostPort: z.string() })).nullable()).nullable(),
  }),
});

/** `undefined` when there is no such container. */
export async function readContainer(reference: string, signal?: AbortSignal): Promise<ContainerState | undefined> {
  const found = await inspect("container", reference, { signal });
  if (!found) return undefined;
  const { Id, Name, Image, State, Config, HostConfig } = record.parse(found);
  const bindings = Object.entries(HostConfig.PortBindings ?? {});
  return {
    containerId: Id,
    name: Name.replace(/^\//, ""),
    running: State.Running,
    image: Image,
    labels: Config.Labels ?? {},
    ports: Object.fromEntries(
      bindings.map(([port, bound]) => [Number.parseInt(port, 10), Number(bound?.[0]?.HostPort)]),
    ),
    memory: HostConfig.Memory,
    startedAt: State.StartedAt,
  };
}

/** Starts a stopped container of the owner's; running already is fine. */
export async function startContainer(reference: string, owner: Owner, signal?: AbortSignal): Promise<void> {
  await onOurs(reference, owner, signal);
  await docker(["start", reference], {
    what: `start the container ${reference}`,
    signal,
    try: "where its port is taken by another program, end that program; the port is kept so that addresses stay the same",
  });
}

/** Stops the owner's container; it stays stopped when Docker restarts. */
export async function stopContainer(reference: string, owner: Owner, signal?: AbortSignal): Promise<void> {
  await onOurs(reference, owner, signal);
  await docker(["stop", "-t", "20", reference], { what: `stop the container ${reference}`, signal });
}

/**
 * Removes the owner's container with its anonymous volumes; already gone is fine.
 *
 * @throws HostError `foreign` when it is not the owner's
 */
export async function removeContainer(reference: string, owner: Owner, signal?: AbortSignal): Promise<void> {
  const state = await readContainer(reference, signal);
  if (!state) return;
  requireOwned(owner, "container", state.name, state.labels);
  await docker(["rm", "--force", "--volumes", state.containerId], {
    what: `remove the container ${state.name}`,
    signal,
  }).catch((error) => {
    if (!isGone(error) && !/already in progress/i.test(String(error))) throw error;
  });
}

export interface Launch {
  readonly name: string;
  readonly owner: Owner;
  /** Container ports to publish on 127.0.0.1; which ports here is decided now and kept for the container's life. */
  readonly publish: readonly number[];
  /** Everything of `docker create` after the name and the ports: options, image, command. */
  readonly create: readonly string[];
  /** Called between create and start: the time to copy files in. */
  readonly prepare: (containerId: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Creates and starts a container. A half-made one of the same owner is removed first; after a failure nothing is left.
 *
 * @throws HostError `foreign` when the name is taken by somebody else's container
 */
export async function launch({ name, owner, publish, create, prepare, signal }: Launch): Promise<ContainerState> {
  await removeContainer(name, owner, signal);
  for (let attempt = 1; ; attempt++) {
    try {
      const ports = await freePorts(publish.length);
      const published = publish.flatMap((port, i) => ["--publish", `127.0.0.1:${ports[i]}:${port}`]);
      const id = (
        await docker(["create", "--name", name, ...published, ...create], {
          what: `create the container ${name}`,
          signal,
        })
      ).trim();
      await prepare(id);
      await docker(["start", id], { what: `start the container ${name}`, signal });
      const state = await readContainer(id, signal);
      if (state) return state;
      throw new HostError("command", { summary: `The container ${name} vanished while it was started` });
    } catch (error) {
      await removeContainer(name, owner).catch(() => {});
      if (attempt < 5 && /port is already allocated|address already in use/i.test(String(error))) continue;
      throw error;
    }
  }
}

async function onOurs(reference: string, owner: Owner, signal?: AbortSignal): Promise<void> {
  const state = await readContainer(reference, signal);
  if (!state) {
    throw new HostError("command", {
      summary: `The container ${reference} is gone`,
      try: "run a refresh, then `up`: a new one is made",
    });
  }
  requireOwned(owner, "container", state.name, state.labels);
}

/** Free at this moment; somebody else may still be quicker, so `launch` tries again. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
