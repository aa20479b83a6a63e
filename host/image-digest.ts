import { createHash } from "node:crypto";
import { HostError } from "./errors.ts";
import { download, type Sources } from "./lock-download.ts";

/** An image's name, taken apart. */
export interface ImageReference {
  /** `quay.io`; with a port where it has one. */
  readonly registry: string;
  /** `ai-openshell/supervisor` */
  readonly repository: string;
  readonly tag: string;
}

/** A list for several architectures counts before an image for one. */
const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The digest that a tag stands for now, from its registry, without credentials; or from a mirror folder.
 *
 * @throws HostError of kind `integrity` when the registry does not have it, or what it sends is not what it says
 *
 * @example
 * await imageDigest("quay.io/ai-openshell/supervisor:0.1.10"); // sha256:…
 */
export async function imageDigest(reference: string, sources: Sources = {}): Promise<string> {
  const image = parseReference(reference);
  if (sources.images !== undefined) return ofLayout(`${sources.images}/${reference.replace(/:([^/:]+)$/, "/$1")}`);
  const base = sources.registry?.replace(/\/+$/, "") ?? addressOf(image.registry);
  const url = `${base}/v2/${image.repository}/manifests/${image.tag}`;
  const { bytes, said } = await manifest(url);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (said === null || said === digest) return digest;
  throw new HostError("integrity", {
    summary: `${url} is not what its registry says it is`,
    said: `expected  ${said}\ngot       ${digest}`,
    try: "another registry; do not take this image",
  });
}

/** Whether a text names an image in full: with its registry and a tag. */
export function isReference(text: string): boolean {
  return partsOf(text) !== undefined;
}

function partsOf(reference: string): ImageReference | undefined {
  const [, registry, repository, tag] =
    /^([a-z0-9.-]+(?::\d+)?)\/([a-z0-9._/-]+):([\w][\w.-]{0,127})$/.exec(reference) ?? [];
  if (registry && repository && tag && /[.:]|^localhost$/.test(registry)) return { registry, repository, tag };
  return undefined;
}

/** @throws HostError of kind `integrity` for what is no name with a registry and a tag */
export function parseReference(reference: string): ImageReference {
  const parts = partsOf(reference);
  if (parts !== undefined) return parts;
  throw new HostError("integrity", {
    summary: `${JSON.stringify(reference)} names no image in full`,
    try: "its registry, its name and a tag: quay.io/ai-openshell/supervisor:0.1.10",
  });
}

function addressOf(registry: string): string {
  if (registry === "docker.io") return "https://registry-1.docker.io";
  return /^(localhost|127\.0\.0\.1)(:|$)/.test(registry) ? `http://${registry}` : `https://${registry}`;
}

async function manifest(url: string): Promise<{ bytes: Buffer; said: string | null }> {
  try {
    let response = await ask(url, {});
    if (response.status === 401) {
      const token = await anonymousToken(response.headers.get("www-authenticate") ?? "");
      response = await ask(url, { authorization: `Bearer ${token}` });
    }
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return { bytes: Buffer.from(await response.arrayBuffer()), said: response.headers.get("docker-content-digest") };
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const { message, cause: inner } = cause as Error;
    throw new HostError("integrity", {
      summary: `${url} cannot be read`,
      said: inner instanceof Error ? `${message}: ${inner.message}` : message,
      try: "docker buildx imagetools inspect REFERENCE prints the digest too, with your login; or --registry URL, or --mirror FOLDER",
      cause,
    });
  }
}

function ask(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, { headers: { accept, ...headers }, redirect: "follow", signal: AbortSignal.timeout(60_000) });
}

/** What a public image's registry gives to everybody who asks; the address to ask is in its refusal. */
async function anonymousToken(challenge: string): Promise<string> {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  if (!/^bearer /i.test(challenge) || !fields.realm) throw new Error(`it wants a login: ${challenge || "401"}`);
  const url = new URL(fields.realm);
  for (const key of ["service", "scope"]) if (fields[key]) url.searchParams.set(key, fields[key]);
  const answer = JSON.parse((await download(url.href)).toString("utf8")) as { token?: string; access_token?: string };
  const token = answer.token ?? answer.access_token;
  if (!token) throw new Error(`${url.origin} gave no token`);
  return token;
}

/** An OCI layout, as `skopeo copy docker://REFERENCE oci:FOLDER` makes it: its index names the one manifest. */
async function ofLayout(folder: string): Promise<string> {
  const index = JSON.parse((await download(`${folder}/index.json`)).toString("utf8")) as {
    manifests?: { digest: string }[];
  };
  const [only, ...others] = index.manifests ?? [];
  if (!only || others.length > 0) {
    throw new HostError("integrity", {
      summary: `${folder}/index.json names ${others.length + (only ? 1 : 0)} images, not one`,
    });
  }
  const hex = only.digest.replace("sha256:", "");
  const found = createHash("sha256")
    .update(await download(`${folder}/blobs/sha256/${hex}`))
    .digest("hex");
  if (found === hex) return only.digest;
  throw new HostError("integrity", {
    summary: `${folder}/blobs/sha256/${hex} is another file: its sha256 is ${found}`,
  });
}
