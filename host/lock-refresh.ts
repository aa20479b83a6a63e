import { createHash } from "node:crypto";
import { HostError } from "./errors.ts";
import { fillMirror, type Lock } from "./lock.ts";
import type { Mirrors } from "./runtimes/runtime.ts";

/** What a refresh did to one file of an artifact. */
export interface Refreshed {
  /** `artifacts.node.files.linux-amd64`. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string;
  /** Where a checksum was published that the file was compared with; absent when none was found. */
  readonly published?: string;
}

/**
 * Downloads an artifact for every architecture and takes its checksums into the lock. A file from an npm registry is compared
 * with the checksum that the registry publishes.
 *
 * @param version another version; its place in the addresses is changed with it
 * @throws HostError of kind `integrity` when a download fails, or is not what its registry says
 */
export async function refreshArtifact(
  lock: Lock,
  name: string,
  { mirrors = {}, version, say = () => {} }: { mirrors?: Mirrors; version?: string; say?: (what: string) => void } = {},
): Promise<{ lock: Lock; files: Refreshed[] }> {
  const entry = lock.artifacts[name];
  if (!entry) {
    const names = Object.keys(lock.artifacts).join(", ");
    throw new HostError("integrity", { summary: `nemoclaw.lock.json has no artifact ${name}; it has ${names}` });
  }
  const next = version ?? entry.version;
  const sums = new Map<string, { sha256: string; published?: string }>();
  const files: Refreshed[] = [];
  const renewed: typeof entry.files = {};
  for (const [platform, file] of Object.entries(entry.files) as [
    "linux-amd64" | "linux-arm64",
    { url: string; sha256: string | null },
  ][]) {
    const url = file.url.replaceAll(entry.version, next);
    const known = sums.get(url) ?? (await checksum(fillMirror(url, mirrors), url.startsWith("{npm}"), say));
    sums.set(url, known);
    renewed[platform] = { url, sha256: known.sha256 };
    files.push({
      path: `artifacts.${name}.files.${platform}`,
      before: file.sha256,
      after: known.sha256,
      published: known.published,
    });
  }
  const artifacts = { ...lock.artifacts, [name]: { version: next, files: renewed } };
  return { lock: { ...lock, artifacts }, files };
}

async function checksum(
  url: string,
  fromRegistry: boolean,
  say: (what: string) => void,
): Promise<{ sha256: string; published?: string }> {
  say(`downloading ${url}`);
  const bytes = await download(url);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const published = fromRegistry ? await publishedIntegrity(url) : undefined;
  if (published === undefined) return { sha256 };
  const [algorithm = "", expected] = published.integrity.split(/-(.*)/s);
  const found = createHash(algorithm).update(bytes).digest("base64");
  if (found === expected) return { sha256, published: published.where };
  throw new HostError("integrity", {
    summary: `${url} is not what its registry says it is`,
    said: `expected  ${published.integrity}\ngot       ${algorithm}-${found}`,
    try: "another mirror; do not take this file",
  });
}

/** `{registry}/NAME/-/NAME-VERSION.tgz` is described at `{registry}/NAME/VERSION`. */
async function publishedIntegrity(url: string): Promise<{ integrity: string; where: string } | undefined> {
  const parts = /^(.+)\/-\/[^/]*?-(\d[^/]*)\.tgz$/.exec(url);
  if (!parts) return undefined;
  const where = `${parts[1]}/${parts[2]}`;
  const { dist } = JSON.parse((await download(where)).toString("utf8")) as { dist?: { integrity?: string } };
  return dist?.integrity ? { integrity: dist.integrity, where } : undefined;
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { redirect: "follow", signal: AbortSignal.timeout(600_000) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    const { message, cause: inner } = cause as Error;
    throw new HostError("integrity", {
      summary: `${url} cannot be downloaded`,
      said: inner instanceof Error ? `${message}: ${inner.message}` : message,
      try: "a mirror: scripts/lock refresh NAME --npm URL or --artifacts URL",
      cause,
    });
  }
}
