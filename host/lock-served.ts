import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { HostError } from "./errors.ts";
import { imageDigest } from "./image-digest.ts";
import { fillMirror, type Lock } from "./lock.ts";
import type { LockGap } from "./lock-check.ts";
import { download, downloadIfThere, type Sources } from "./lock-download.ts";

interface Pin {
  readonly path: string;
  /** As the lock file writes it. */
  readonly template: string;
  readonly sha256: string | null;
}

/**
 * Compares what is pinned with what mirrors serve, file by file. What is not pinned is another check's business.
 *
 * @example
 * await servedGaps(readLock(), sourcesOf("/srv/mirror")); // [] when the folder can stand in for the network
 */
export async function servedGaps(lock: Lock, sources: Sources, say: (what: string) => void): Promise<LockGap[]> {
  const gaps: LockGap[] = [];
  const differs = (path: string, message: string) =>
    gaps.push({ path, message, try: "another mirror, or a fresh copy: scripts/lock mirror FOLDER" });
  for (const { path, template, sha256 } of pinsOf(lock)) {
    if (sha256 === null) continue;
    const url = fillMirror(template, sources);
    say(`comparing ${url}`);
    const bytes = await downloadIfThere(url);
    if (bytes === undefined) differs(path, `${url} is not there`);
    else if (sha256Of(bytes) !== sha256)
      differs(path, `${url} is another file than the pinned one: ${sha256Of(bytes)}`);
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
 * Copies every pinned file into a mirror folder, with the publishers' lists of checksums and what the npm registry says of its
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
): Promise<void> {
  const write = async (template: string, bytes: Buffer) => {
    const file = fileURLToPath(fillMirror(template, to));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  };
  for (const { path, template, sha256 } of pinsOf(lock)) {
    const url = fillMirror(template, from);
    say(`copying ${url}`);
    const bytes = await download(url);
    if (sha256 !== null && sha256Of(bytes) !== sha256) {
      throw new HostError("integrity", {
        summary: `${path}: ${url} is not the pinned file`,
        said: `pinned  ${sha256}\nfound   ${sha256Of(bytes)}`,
        try: "another mirror; refresh the lock file only if the publisher announced the new file",
      });
    }
    await write(template, bytes);
    const about = template.replace(/^(\{npm\}\/.+)\/-\/[^/]*?-(\d[^/]*)\.tgz$/, "$1/$2");
    const said = about === template ? undefined : await downloadIfThere(fillMirror(about, from));
    if (said) await write(about, said);
  }
  for (const { checksums } of Object.values(lock.artifacts)) {
    if (checksums) await write(checksums, await download(fillMirror(checksums, from)));
  }
}

function pinsOf({ artifacts, images }: Lock): Pin[] {
  const all = [
    ...Object.entries(artifacts).map(([name, { files }]) => [`artifacts.${name}.files`, files] as const),
    ...Object.entries(images).map(([name, { archives = {} }]) => [`images.${name}.archives`, archives] as const),
  ];
  const pins = all.flatMap(([path, files]) =>
    Object.entries(files).map(([platform, { url, sha256 }]) => ({
      path: `${path}.${platform}`,
      template: url,
      sha256,
    })),
  );
  return pins.filter(({ template }, at) => pins.findIndex((one) => one.template === template) === at);
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
