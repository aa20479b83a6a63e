import { isOpenshell, type Lock, refreshedWith } from "./lock.ts";
import { holdsVersion } from "./lock-version.ts";
import { isUnchecked } from "./npm-unchecked.ts";
import { isSpoken } from "./runtimes/openshell/dialect.ts";
import { imagesOf } from "./runtimes/openshell/release-images.ts";
import type { RuntimeKind } from "./runtimes/runtime.ts";
import { twofoldFault } from "./twofold-image.ts";

/** Something in the lock file that would stop an installation. */
export interface LockGap {
  /** `artifacts.node.files.linux-amd64`. */
  readonly path: string;
  readonly message: string;
  readonly try: string;
  /** The only runtime that needs it; a stack of another one installs without. */
  readonly runtime?: RuntimeKind;
  /** False where a cloud or a package repository was not asked: then nothing is known, and it is no gap. */
  readonly asked?: false;
}

const runtimeOf = (name: string) => (isOpenshell(name) ? { runtime: "openshell" as const } : {});

/** What the lock file lacks, as far as it can be told without a network. */
export function lockGaps(lock: Lock, readFile: (path: string) => string): LockGap[] {
  return [
    ...Object.keys(lock.artifacts).flatMap((name) => artifactGaps(lock, name)),
    ...Object.entries(lock.images).flatMap(([ref, entry]) => {
      const { digest, archives = {} } = entry;
      const twofold = twofoldFault(entry);
      if (twofold) return [{ path: `images.${ref}`, ...twofold, ...runtimeOf(ref) }];
      // A site without a registry pins archives, of the architectures that it has.
      if (digest !== null || Object.values(archives).some(({ sha256 }) => sha256)) return [];
      const hint = `scripts/lock refresh ${refreshedWith(ref)}`;
      return [{ path: `images.${ref}`, message: "no digest", try: hint, ...runtimeOf(ref) }];
    }),
    ...missingImages(lock),
    ...Object.entries(lock.npm).flatMap(([name, { lockfile }]) => npmGaps(name, lockfile, readFile)),
  ];
}

function artifactGaps({ artifacts }: Lock, name: string): LockGap[] {
  const { version, files, checksums } = artifacts[name] as Lock["artifacts"][string];
  const gap = (where: string, message: string): LockGap => ({
    path: `artifacts.${name}.${where}`,
    message,
    try: `scripts/lock refresh ${refreshedWith(name)}`,
  });
  const found: LockGap[] = [];
  if (checksums && !holdsVersion(checksums, version))
    found.push(gap("checksums", `${checksums} is not of version ${version}`));
  const ofFile = (where: string, message: string) => found.push({ ...gap(where, message), ...runtimeOf(name) });
  if (Object.keys(files).length === 0) ofFile("files", `no file of ${name} ${version} for any architecture`);
  for (const [platform, { sha256, url }] of Object.entries(files)) {
    if (sha256 === null) ofFile(`files.${platform}`, `no checksum for ${name} ${version}`);
    if (!holdsVersion(url, version)) ofFile(`files.${platform}`, `${url} is not of version ${version}`);
  }
  return found;
}

/** Images that the pinned release of OpenShell has and the lock file does not name at all. */
function missingImages({ artifacts, images }: Lock): LockGap[] {
  const { version } = artifacts.openshell ?? {};
  if (version === undefined || !isSpoken(version)) return [];
  const missing = imagesOf(version).filter((image) => !images[image]);
  return missing.map((image) => ({
    path: `images.${image}`,
    message: `OpenShell ${version} has this image, and the lock file does not`,
    try: "scripts/lock refresh openshell",
    ...runtimeOf("openshell"),
  }));
}

interface NpmLock {
  readonly lockfileVersion?: number;
  readonly packages?: Parameters<typeof isUnchecked>[1];
}

function npmGaps(name: string, lockfile: string, readFile: (path: string) => string): LockGap[] {
  const folder = lockfile.replace(/\/[^/]+$/, "");
  const gap = (message: string): LockGap => ({
    path: `npm.${name}`,
    message: `${lockfile}: ${message}`,
    try: `npm install --package-lock-only --ignore-scripts in ${folder}, then git diff ${folder}`,
  });
  let lock: NpmLock;
  try {
    lock = JSON.parse(readFile(lockfile)) as NpmLock;
  } catch (error) {
    return [gap(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)];
  }
  if (lock.lockfileVersion !== 3 || !lock.packages) return [gap("is not an npm lock file of version 3")];
  const { packages } = lock;
  const unpinned = Object.keys(packages).filter((path) => path !== "" && isUnchecked(path, packages));
  return unpinned.length === 0 ? [] : [gap(`${unpinned.length} packages have no checksum, the first ${unpinned[0]}`)];
}
