/**
 * `ensureMachineImage({ base?, log, signal, bringing? })` → `{ reference, id }` of the image that local machines and the demo start from.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isCancelled } from "../errors.ts";
import { type BaseImage, type Bringing, findBaseImage } from "./base-image.ts";
import { docker, inspect } from "./docker.ts";
import { type Log, withHeartbeat } from "./heartbeat.ts";
import { keptByQuickStart } from "./making-folder.ts";

const context = fileURLToPath(new URL("./image/", import.meta.url));
const repository = "nemoclaw-machine";

export interface MachineImageArgs {
  /** A Debian or Ubuntu image to build on. @default debian:bookworm-slim, made from packages where no registry has it */
  readonly base?: string;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** Where a base is made. @default what the quick start of this clone keeps */
  readonly directory?: string;
  /** Around each pull, making and build, so that a caller can note what it brings before it does. */
  readonly bringing?: Bringing;
}

export interface MachineImage {
  /** Name and tag; the tag follows from everything that goes into the image. */
  readonly reference: string;
  readonly id: string;
}

/**
 * Builds the machine image when it is not there. The first time may take two minutes, after that it is one look.
 *
 * @throws HostError when there is no base to build on or the build fails
 */
export async function ensureMachineImage(args: MachineImageArgs): Promise<MachineImage> {
  const key = args.base ?? "";
  const running = underWay.get(key);
  if (running) {
    running.logs.add(args.log);
    try {
      return await running.image;
    } catch (error) {
      if (!isCancelled(error) || args.signal?.aborted) throw error;
      return ensureMachineImage(args);
    }
  }
  const logs = new Set([args.log]);
  const log: Log = (message) => {
    for (const one of logs) one(message);
  };
  const image = ensure({ ...args, log }).finally(() => underWay.delete(key));
  underWay.set(key, { image, logs });
  return image;
}

/** A machine and its demo want the same image at the same time; it is made once. */
const underWay = new Map<string, { image: Promise<MachineImage>; logs: Set<Log> }>();

async function ensure(args: MachineImageArgs): Promise<MachineImage> {
  const { base, log, signal, directory = keptByQuickStart, bringing = (_, work) => work() } = args;
  const files = await contextFiles();
  const packages = (files.get("packages") ?? "").split("\n").filter(Boolean);
  const from = await findBaseImage({ base, packages, log, signal, directory, bringing });
  const reference = `${repository}:${contentTag(files, from)}`;
  const present = await inspect<{ Id: string }>("image", reference, { signal });
  if (present) return { reference, id: present.Id };

  await bringing(reference, () =>
    withHeartbeat(`building ${reference} on ${from.reference}`, log, (said) => build(reference, from, said, signal)),
  );
  const built = await inspect<{ Id: string }>("image", reference, { signal });
  if (!built) throw new Error(`${reference} was built and is not there`);
  return { reference, id: built.Id };
}

function build(
  reference: string,
  from: BaseImage,
  said: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const argv = [
    "build",
    "--tag",
    reference,
    "--label",
    "nemoclaw.kind=machine-image",
    "--build-arg",
    `BASE=${from.reference}`,
  ];
  return docker([...argv, context], {
    what: `build the machine image ${reference}`,
    onLine: said,
    signal,
    timeoutSeconds: 900,
    env: { BUILDKIT_PROGRESS: "plain" },
    try: "see the lines above; where apt fails, check that containers reach the package mirror",
  });
}

async function contextFiles(): Promise<Map<string, string>> {
  const names = (await readdir(context)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(context + name, "utf8")] as const)));
}

function contentTag(files: ReadonlyMap<string, string>, from: BaseImage): string {
  return createHash("sha256")
    .update(JSON.stringify([[...files], from.id]))
    .digest("hex")
    .slice(0, 12);
}
