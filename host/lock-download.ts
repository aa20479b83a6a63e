import { readFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HostError } from "./errors.ts";
import type { Mirrors } from "./runtimes/runtime.ts";

/** Where a refresh gets things from: mirrors as a stack has them, for images another registry, and for all of it a folder. */
export interface Sources extends Mirrors {
  /** GitHub's API, which publishes the checksums of release files. @default https://api.github.com, unless there is a mirror */
  readonly github?: string;
  /** Of a mirror folder: where it keeps images, as OCI layouts. */
  readonly images?: string;
}

/**
 * A mirror folder as sources: `npm/` and `artifacts/` below it are laid out as their servers are, `images/` has an OCI layout for
 * each reference, with a slash for its colon. Nothing else is asked.
 *
 * @param folder a path, or a file: URL
 * @example sourcesOf("/srv/mirror").artifacts; // file:///srv/mirror/artifacts
 */
export function sourcesOf(folder: string): Sources {
  const base = (folder.startsWith("file:") ? new URL(folder) : pathToFileURL(folder)).href.replace(/\/+$/, "");
  return { npm: `${base}/npm`, artifacts: `${base}/artifacts`, images: `${base}/images` };
}

/**
 * The bytes behind an address, which may be a file's.
 *
 * @throws HostError of kind `integrity`
 */
export async function download(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const bytes = await downloadIfThere(url, headers);
  if (bytes !== undefined) return bytes;
  throw notDownloaded(url, "it is not there");
}

/** The same; undefined where the server, or the folder, says that there is none. */
export async function downloadIfThere(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Buffer | undefined> {
  try {
    if (url.startsWith("file:")) return await readFile(fileURLToPath(url));
    const response = await fetch(url, { headers, redirect: "follow", signal: AbortSignal.timeout(600_000) });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const { message, cause: inner } = cause as Error;
    throw notDownloaded(url, inner instanceof Error ? `${message}: ${inner.message}` : message, cause);
  }
}

function notDownloaded(url: string, said: string, cause?: unknown): HostError {
  return new HostError("integrity", {
    summary: `${url} cannot be downloaded`,
    said,
    try: "a mirror: scripts/lock refresh NAME --mirror FOLDER, --npm URL or --artifacts URL",
    cause,
  });
}
