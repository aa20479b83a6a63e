import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { HostError } from "./errors.ts";
import { imageDigest } from "./image-digest.ts";
import { fillMirror, type Lock } from "./lock.ts";
import type { LockGap } from "./lock-check.ts";
import { download, downloadIfThere, type Sources } from "./lock-download.ts";
import { npmDocuments, npmFile, npmPackages, type ReadFile } from "./lock-npm.ts";

interface Pin {
  readonly path: string;
  /** As the lock file writes it. */
  readonly template: string;
  /** What the file must be, as `sumOf` gives it. */
  readonly pinned: string | null;
  readonly sumOf: (bytes: Buffer) => string;
  /** Where the npm registry describes it, for the next refresh. */
  readonly about?: string;
}

/**
 * Compares what is pinned with what mirrors serve, file by file. What is not pinned is another check's business.
 *
 * @example
 * await servedGaps(readLock(), sourcesOf("/srv/mirror")); // [] when the folder can stand in for the network
 */
export async function servedGaps(
  lock: Lock,
  sources: Sources,
  say: (what: string) => void,
  readFile?: ReadFile,
): Promise<LockGap[]> {
  const gaps: LockGap[] = [];
  const differs = (path: string, message: string) =>
    gaps.push({ path, message, try: "another mirror, or a fresh copy: scripts/lock mirror FOLDER" });
  for (const { path, template, pinned, sumOf } of pinsOf(lock, readFile)) {
    if (pinned === null) continue;
    const url = fillMirror(template, sources);
    say(`comparing ${url}`);
    const bytes = await downloadIfThere(url);
    if (bytes === undefined) differs(path, `${url} is not there`);
    else if (sumOf(bytes) !== pinned) differs(path, `${url} is another file than the pinned one: ${sumOf(bytes)}`);
  }
  for (const [reference, { digest, archives }] of Object.entries(lock.images)) {
    if (digest === null || archives) continue;
    say(`comparing ${reference}`);
    try {
      const found = await imageDigest(reference, sources);
      if (found !== digest) differs(`images.${reference}`, `it stands for another image now: ${found}`);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      differs(`images.${reference}`, error.details.summary);
    }
  }
  return gaps;
}

/**
 * Copies every pinned file, npm's packages too, into a mirror folder, with the publishers' lists of checksums and what the npm registry says of its
 * packages, so that the folder can be refreshed from and served to machines. Images are for `skopeo copy`.
 *
 * @param to the folder's sources, as `sourcesOf` gives them
 * @throws HostError of kind `integrity` for a file that is not the pinned one
 */
export async function fillMirrorFolder(
  lock: Lock,
  to: Sources,
  from: Sources,
  say: (what: string) => void,
  readFile?: ReadFile,
): Promise<void> {
  const write = async (template: string, bytes: Buffer) => {
    const file = fileURLToPath(fillMirror(template, to));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  for (const { path, template, pinned, sumOf, about } of pinsOf(lock, readFile)) {
    const url = fillMirror(template, from);
    say(`copying ${url}`);
    const bytes = await download(url);
    if (pinned !== null && sumOf(bytes) !== pinned) {
      throw new HostError("integrity", {
        summary: `${path}: ${url} is not the pinned file`,
        said: `pinned  ${pinned}\nfound   ${sumOf(bytes)}`,
        try: "another mirror; refresh the lock file only if the publisher announced the new file",
      });
    }
    await write(template, bytes);
    const said = about && (await downloadIfThere(fillMirror(about, from)));
    if (said) await write(about, said);
  }
  for (const { checksums } of Object.values(lock.artifacts)) {
    if (checksums) await write(checksums, await download(fillMirror(checksums, from)));
  }
  for (const { template, text } of npmDocuments(lock, readFile)) {
    await write(template, Buffer.from(text));
  }
}

function pinsOf(lock: Lock, readFile?: ReadFile): Pin[] {
  const { artifacts, images } = lock;
  const all = [
    ...Object.entries(artifacts).map(([name, { files }]) => [`artifacts.${name}.files`, files] as const),
    ...Object.entries(images).map(([name, { archives = {} }]) => [`images.${name}.archives`, archives] as const),
  ];
  const files = all.flatMap(([path, named]) =>
    Object.entries(named).map(([platform, { url, sha256 }]) => ({
      path: `${path}.${platform}`,
      template: url,
      pinned: sha256,
      sumOf: sha256Of,
      about: aboutOf(url),
    })),
  );
  const packages = npmPackages(lock, readFile).map((one) => ({
    path: one.path,
    template: npmFile(one),
    pinned: one.integrity,
    sumOf: (bytes: Buffer) => integrityOf(bytes, one.integrity),
  }));
  const pins = [...files, ...packages];
  // Two pins of one file may say different things of it, and then one of them is wrong.
  const same = (a: Pin, b: Pin) => a.template === b.template && a.pinned === b.pinned;
  return pins.filter((pin, at) => pins.findIndex((one) => same(one, pin)) === at);
}

function aboutOf(template: string): string | undefined {
  const [, name, version] = /^(\{npm\}\/.+)\/-\/[^/]*?-(\d[^/]*)\.tgz$/.exec(template) ?? [];
  return name === undefined ? undefined : `${name}/${version}`;
}

/** By the same algorithm as another. */
function integrityOf(bytes: Buffer, like: string): string {
  const [algorithm = ""] = like.split("-");
  return `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
