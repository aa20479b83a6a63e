import { createHash } from "node:crypto";
import { HostError } from "./errors.ts";
import { imageDigest, isReference } from "./image-digest.ts";
import { fillMirror, isOpenshell, type Lock } from "./lock.ts";
import { download, type Sources } from "./lock-download.ts";
import { compare, publishedChecksum } from "./lock-published.ts";
import { atHome } from "./runtimes/openshell/release-home.ts";

/** What a refresh did to one pinned thing. */
export interface Refreshed {
  /** `artifacts.node.files.linux-amd64`, `images.quay.io/ai-openshell/supervisor:0.1.10`. */
  readonly path: string;
  readonly before: string | null;
  /** `null` for what the lock no longer has: a package that another version does not need. */
  readonly after: string | null;
  /** Where a checksum was published that it was compared with; absent when none was found. */
  readonly published?: string;
}

export interface RefreshOptions {
  readonly mirrors?: Sources;
  /** Another version; its place in the addresses, or an image's tag, is changed with it. */
  readonly version?: string;
  readonly say?: (what: string) => void;
}

type Files = Lock["artifacts"][string]["files"];
type Result = { lock: Lock; files: Refreshed[] };

/** Everything in a lock file that a refresh knows by a name: artifacts and images. */
export function refreshable({ artifacts, images }: Lock): string[] {
  return [...Object.keys(artifacts), ...Object.keys(images)];
}

/**
 * Takes the checksums of an artifact, or the digest of an image, into the lock. A file is compared with what its publisher
 * says of it, where anybody does. An image that the lock does not have is added.
 *
 * @throws HostError of kind `integrity` when a download fails, or is not what its publisher says
 */
export async function refreshPin(lock: Lock, name: string, options: RefreshOptions = {}): Promise<Result> {
  if (Object.hasOwn(lock.artifacts, name)) return refreshArtifact(lock, name, options);
  if (Object.hasOwn(lock.images, name)) return refreshImage(lock, name, options);
  if (isReference(name))
    return refreshImage({ ...lock, images: { ...lock.images, [name]: { digest: null } } }, name, options);
  if (Object.hasOwn(lock.apt, name)) {
    throw new HostError("integrity", {
      summary: `${name} is a package repository; its key's fingerprint is compared by a person and no refresh takes it`,
      try: `write the fingerprint that its publisher names into apt.${name} of nemoclaw.lock.json, then scripts/lock check --served`,
    });
  }
  const summary = `nemoclaw.lock.json has no artifact or image ${name}; it has ${[...refreshable(lock), ...Object.keys(lock.npm)].join(", ")}`;
  throw new HostError("integrity", {
    summary,
    try: "an image that is to be added is named in full: REGISTRY/NAME:TAG",
  });
}

async function refreshArtifact(lock: Lock, name: string, options: RefreshOptions): Promise<Result> {
  const entry = lock.artifacts[name] as Lock["artifacts"][string];
  const next = options.version ?? entry.version;
  const renamed = (url: string) => atHome(url.replaceAll(entry.version, next), next);
  const checksums = entry.checksums && renamed(entry.checksums);
  const { files, refreshed } = await refreshFiles(`artifacts.${name}.files`, entry.files, {
    ...options,
    renamed,
    checksums,
  });
  const renewed = { version: next, files, ...(checksums && { checksums }) };
  return { lock: { ...lock, artifacts: { ...lock.artifacts, [name]: renewed } }, files: refreshed };
}

async function refreshImage(lock: Lock, reference: string, options: RefreshOptions): Promise<Result> {
  const entry = lock.images[reference] as Lock["images"][string];
  const { version, mirrors = {}, say = () => {} } = options;
  const tag = reference.slice(reference.lastIndexOf(":") + 1);
  const release = version ?? tag;
  const named = `${reference.slice(0, -tag.length)}${release}`;
  const next = isOpenshell(reference) ? atHome(named, release) : named;
  const renamed = (url: string) => (version === undefined ? url : url.replaceAll(tag, version));
  const archives =
    entry.archives && (await refreshFiles(`images.${next}.archives`, entry.archives, { ...options, renamed }));
  // A site with archives has no registry, and they are in the digest's place.
  if (!archives) say(`asking for the digest of ${next}`);
  const digest = archives ? null : await imageDigest(next, mirrors);
  const pinned = {
    path: `images.${next}`,
    before: entry.digest,
    after: digest,
    ...(!archives && { published: "its registry" }),
  };
  const renewed = { digest, ...(archives && { archives: archives.files }) };
  const images = Object.entries(lock.images).map(([key, value]) =>
    key === reference ? [next, renewed] : [key, value],
  );
  const isKept = archives && digest === entry.digest;
  const files = [...(isKept ? [] : [pinned]), ...(archives?.refreshed ?? [])];
  return { lock: { ...lock, images: Object.fromEntries(images) }, files };
}

async function refreshFiles(
  path: string,
  before: Files,
  more: RefreshOptions & { renamed: (url: string) => string; checksums?: string },
): Promise<{ files: Files; refreshed: Refreshed[] }> {
  const { mirrors = {}, say = () => {}, renamed, checksums } = more;
  // The same file may serve several architectures.
  const known = new Map<string, { sha256: string; published?: string }>();
  const files: Files = {};
  const refreshed: Refreshed[] = [];
  for (const [platform, file] of Object.entries(before) as [keyof Files, { url: string; sha256: string | null }][]) {
    const template = renamed(file.url);
    const sum = known.get(template) ?? (await checksum(template, checksums, mirrors, say));
    known.set(template, sum);
    files[platform] = { url: template, sha256: sum.sha256 };
    refreshed.push({ path: `${path}.${platform}`, before: file.sha256, after: sum.sha256, published: sum.published });
  }
  return { files, refreshed };
}

async function checksum(
  template: string,
  checksums: string | undefined,
  sources: Sources,
  say: (what: string) => void,
): Promise<{ sha256: string; published?: string }> {
  const url = fillMirror(template, sources);
  say(`downloading ${url}`);
  const bytes = await download(url);
  const published = await publishedChecksum(template, checksums, sources);
  if (published) compare(bytes, url, published);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), published: published?.where };
}
