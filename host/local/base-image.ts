/**
 * The image a machine image is built from, by the first way that works:
 * `findBaseImage({ base?, packages, log, signal, bringing })` → `{ reference, id }`
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { HostError, isCancelled } from "../errors.ts";
import { ownDebianKeyring, ownDebianSources } from "./apt-sources.ts";
import { docker, inspect } from "./docker.ts";
import { type Log, withHeartbeat } from "./heartbeat.ts";
import { inMakingFolder, rootWords } from "./making-folder.ts";

const suite = "bookworm";
const usualBase = `debian:${suite}-slim`;

export interface BaseImage {
  readonly reference: string;
  readonly id: string;
}

/** Does the work that brings an image of this name to this computer, with whatever the caller does around it. */
export type Bringing = <T>(reference: string, work: () => Promise<T>) => Promise<T>;

/** Debian could be had in none of the ways; what makes one may be installed yet. */
export class NoBaseImage extends HostError {}

export interface BaseImageArgs {
  /** A Debian or Ubuntu image to use instead; pulled when it is not here. */
  readonly base?: string;
  /** What a base made here has in it. */
  readonly packages: readonly string[];
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** Below it a base is made, and left when that is killed; `removeMakings` removes it. */
  readonly directory: string;
  /** Around each pull and each making, so that a caller can note what it brings before it does. */
  readonly bringing: Bringing;
}

/**
 * Finds Debian as a Docker image: the one asked for; else `debian:bookworm-slim` where it is here already; else the one
 * made earlier; else pulled; else, where no registry answers, made with mmdebstrap from the distribution's packages and kept.
 *
 * @throws NoBaseImage when none of these works, with what each of them said
 */
export async function findBaseImage(args: BaseImageArgs): Promise<BaseImage> {
  const { base, packages, log, signal, directory, bringing } = args;
  const pulled = (reference: string) => bringing(reference, () => pull(reference, log, signal));
  if (base) return (await local(base, signal)) ?? (await pulled(base));

  const recipe = createHash("sha256")
    .update(JSON.stringify([suite, packages, recipeVersion]))
    .digest("hex");
  const made = `nemoclaw-base:${recipe.slice(0, 12)}`;
  const here = (await local(usualBase, signal)) ?? (await local(made, signal));
  if (here) return here;

  try {
    return await pulled(usualBase);
  } catch (refused) {
    if (!(refused instanceof HostError) || isCancelled(refused)) throw refused;
    log(`no registry gave ${usualBase} (${lastLine(refused)}), so it is made here from Debian's packages, once`);
    // An import may be whole though its maker was killed, so it gets a name that says nothing until then.
    const draft = `${made}-${process.pid}`;
    await bringing(draft, () => make(draft, packages, { log, signal, directory, refused }));
    await bringing(made, () => rename(draft, made, signal));
  }
  const image = await local(made, signal);
  if (!image) throw new Error(`${made} was made and is not there`);
  return image;
}

/** Changed whenever `make` makes something else from the same packages. */
const recipeVersion = 1;

async function local(reference: string, signal?: AbortSignal): Promise<BaseImage | undefined> {
  const image = await inspect<{ Id: string }>("image", reference, { signal });
  return image && { reference, id: image.Id };
}

/** Short while nothing comes at all, long enough for a slow line once it does. */
async function pull(reference: string, log: Log, signal?: AbortSignal): Promise<BaseImage> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), 15_000);
  const either = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
  try {
    await withHeartbeat(`pulling ${reference}`, log, (said) =>
      docker(["pull", reference], {
        what: `pull ${reference}`,
        signal: either,
        timeoutSeconds: 300,
        onLine: (line) => {
          clearTimeout(timer);
          said(line);
        },
        try: "check that this computer reaches the registry, or name an image that is here already",
      }),
    );
  } catch (error) {
    if (!silent.signal.aborted || signal?.aborted) throw error;
    throw new HostError("timeout", {
      summary: `The registry did not answer within 15 s for ${reference}`,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
  const image = await local(reference, signal);
  if (!image) throw new Error(`${reference} was pulled and is not there`);
  return image;
}

async function rename(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await docker(["tag", from, to], { what: `name the base image ${to}`, signal });
  await docker(["image", "rm", from], { what: `take the name ${from} away`, signal });
}

async function make(
  draft: string,
  packages: readonly string[],
  { log, signal, directory, refused }: { log: Log; signal?: AbortSignal; directory: string; refused: HostError },
): Promise<void> {
  const keyring = ownDebianKeyring();
  const argv = [
    "--variant=minbase",
    ...(keyring ? [`--keyring=${keyring}`] : []),
    `--include=${packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    "--aptopt=Acquire::Retries 3",
    "--dpkgopt=force-unsafe-io",
    ...["doc", "man", "info", "locale"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    suite,
    "-",
    ...ownDebianSources(suite),
  ];
  const making = (words: readonly string[]) =>
    withHeartbeat("making a Debian base image", log, async (said) => {
      const [program = "", ...args] = words;
      const child = spawn(program, args, {
        signal,
        env: { ...process.env, LC_ALL: "C" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const lines: string[] = [];
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        for (const line of chunk.split("\n").filter((l) => l.trim())) {
          lines.push(line);
          said(line);
        }
      });
      const ended = new Promise<number | NodeJS.ErrnoException>((resolve) => {
        child.once("error", resolve);
        child.once("close", (code) => resolve(code ?? 128));
      });
      let refusedFirst = false;
      const imported = docker(["import", "--change", "LABEL nemoclaw.kind=base-image", "-", draft], {
        what: "import the base image",
        input: child.stdout,
        signal,
        // As long as the making takes, by a slow mirror on a slow computer.
        timeoutSeconds: 3600,
      }).catch(async (error: unknown) => {
        // A maker that fails by itself says more, and its end may come a moment later.
        refusedFirst = await Promise.race([ended.then(() => false), wait(2000, true)]);
        // Nobody reads what it writes any more, and it would wait for that for ever.
        child.stdout.destroy();
        throw error;
      });
      const [exit, image] = await Promise.allSettled([ended, imported]);
      // An import of nothing succeeds too, so it counts only once the maker has ended well.
      const code = exit.status === "fulfilled" ? exit.value : 128;
      if (code === 0 && image.status === "fulfilled") return;
      if (image.status === "fulfilled") await docker(["image", "rm", draft]).catch(() => {});
      if (signal?.aborted) throw new HostError("cancelled", { summary: "Cancelled: make a Debian base image" });
      if ((code === 0 || refusedFirst) && image.status === "rejected") throw image.reason;
      throw failure(code, lines, refused);
    });
  const root = rootWords();
  // Without root it takes user namespaces, and a folder that everybody may reach and write: the computer's own.
  if (root === undefined) return making(["mmdebstrap", ...argv]);
  await inMakingFolder(directory, (folder) =>
    making([...root, "sh", "-c", byItself, "sh", folder, "mmdebstrap", ...argv]),
  );
}

/** Runs words with a folder for what it makes, `$1`. What it mounts there is so for it alone, and nothing stays mounted when it is killed. */
const byItself = `TMPDIR=$1; export TMPDIR; shift
if unshare --mount true 2>/dev/null; then set -- unshare --mount "$@"; fi
exec "$@"`;

function failure(code: number | NodeJS.ErrnoException, lines: readonly string[], refused: HostError): NoBaseImage {
  const missing = typeof code === "number" ? code === 127 : code.code === "ENOENT";
  return new NoBaseImage("command", {
    summary: `No Debian base image for the local machine: none is here, none could be pulled, none could be made`,
    ran:
      typeof code === "number" && !missing
        ? `docker pull ${usualBase}; mmdebstrap --variant=minbase … ${suite}`
        : `docker pull ${usualBase}; mmdebstrap`,
    exitCode: typeof code === "number" ? code : undefined,
    said: [lastLine(refused), ...(missing ? ["mmdebstrap is not installed"] : lines.slice(-8))].join("\n"),
    try: missing
      ? "install it (apt-get install mmdebstrap debian-archive-keyring), or load a Debian image: docker load, docker pull"
      : "see that this computer's apt sources work (apt-get update; debian-archive-keyring installed), or load a Debian image: docker load",
    cause: refused,
  });
}

function lastLine(error: HostError): string {
  return (error.details.said ?? error.details.summary).trim().split("\n").at(-1) ?? "";
}
