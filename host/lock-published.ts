import { createHash } from "node:crypto";
import { HostError } from "./errors.ts";
import { fillMirror } from "./lock.ts";
import { download, downloadIfThere, type Sources } from "./lock-download.ts";

/** A checksum that a file's publisher names, and where. */
export interface Published {
  /** `sha256-` or `sha512-` and the digest in base64, as registries write it. */
  readonly integrity: string;
  readonly where: string;
}

/**
 * What the publisher says a file is: by the release's own list of checksums where the lock file names one, else by the npm
 * registry, or by GitHub for the files of its releases.
 *
 * @param template the file's address in the lock file
 * @param checksums the address of the list
 * @returns undefined where nobody publishes one
 * @throws HostError of kind `integrity` when the list lacks the file
 */
export function publishedChecksum(
  template: string,
  checksums: string | undefined,
  sources: Sources,
): Promise<Published | undefined> {
  if (checksums !== undefined) return inList(template, fillMirror(checksums, sources));
  return template.startsWith("{npm}") ? byRegistry(fillMirror(template, sources)) : byGitHub(template, sources);
}

/** @throws HostError of kind `integrity` when the bytes are not what is published */
export function compare(bytes: Buffer, url: string, { integrity, where }: Published): void {
  const [algorithm = "", expected] = integrity.split(/-(.*)/s);
  const found = createHash(algorithm).update(bytes).digest("base64");
  if (found === expected) return;
  throw new HostError("integrity", {
    summary: `${url} is not what its publisher says it is, at ${where}`,
    said: `expected  ${integrity}\ngot       ${algorithm}-${found}`,
    try: "another mirror; do not take this file",
  });
}

async function inList(template: string, where: string): Promise<Published> {
  const name = template.slice(template.lastIndexOf("/") + 1);
  const lines = (await download(where)).toString("utf8").split("\n");
  for (const line of lines) {
    // As sha256sum writes it, and as BSD does.
    const [, plain, file] = /^([0-9a-f]{64})[ \t]+\*?(?:\.\/)?(\S+)\s*$/i.exec(line) ?? [];
    const [, bsdFile, bsd] = /^SHA256 \((.+)\) = ([0-9a-f]{64})\s*$/i.exec(line) ?? [];
    if ((file ?? bsdFile) === name) return { integrity: fromHex((plain ?? bsd) as string), where };
  }
  throw new HostError("integrity", {
    summary: `${where} has no checksum for ${name}`,
    said: lines.slice(0, 5).join("\n"),
    try: "see whether the release has a file of this name; its address is in nemoclaw.lock.json",
  });
}

/** `{registry}/NAME/-/NAME-VERSION.tgz` is described at `{registry}/NAME/VERSION`. */
async function byRegistry(url: string): Promise<Published | undefined> {
  const parts = /^(.+)\/-\/[^/]*?-(\d[^/]*)\.tgz$/.exec(url);
  if (!parts) return undefined;
  const where = `${parts[1]}/${parts[2]}`;
  const text = url.startsWith("file:") ? await downloadIfThere(where) : await download(where);
  if (text === undefined) return undefined;
  const { dist } = JSON.parse(text.toString("utf8")) as { dist?: { integrity?: string } };
  return dist?.integrity ? { integrity: dist.integrity, where } : undefined;
}

/** A mirror says nothing of this, so where there is one GitHub is only asked when it is named too. */
async function byGitHub(template: string, { github, artifacts }: Sources): Promise<Published | undefined> {
  const api = github ?? (artifacts === undefined ? "https://api.github.com" : undefined);
  const [, repository, tag, file] =
    /^\{artifacts\}\/([^/]+\/[^/]+)\/releases\/download\/([^/]+)\/([^/]+)$/.exec(template) ?? [];
  if (api === undefined || file === undefined) return undefined;
  const where = `${api}/repos/${repository}/releases/tags/${tag}`;
  const release = await downloadIfThere(where, { accept: "application/vnd.github+json" });
  if (release === undefined) return undefined;
  const { assets = [] } = JSON.parse(release.toString("utf8")) as {
    assets?: { name: string; digest?: string | null }[];
  };
  const digest = assets.find(({ name }) => name === file)?.digest;
  return digest?.startsWith("sha256:") ? { integrity: fromHex(digest.slice("sha256:".length)), where } : undefined;
}

function fromHex(hex: string): string {
  return `sha256-${Buffer.from(hex, "hex").toString("base64")}`;
}
