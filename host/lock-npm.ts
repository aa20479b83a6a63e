import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HostError } from "./errors.ts";
import type { Lock } from "./lock.ts";

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  /** What else npm copied from the package: what it needs, where it runs. */
  readonly [more: string]: unknown;
}

/** One package that npm installs on machines, as its lock file pins it. */
export interface NpmPackage {
  /** Where it is pinned: `npm.agent node_modules/openclaw`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As registries write it: `sha512-` and the digest in base64. */
  readonly integrity: string;
}

/** Reads a file by its path from the project's folder. */
export type ReadFile = (path: string) => string;

const ofProject: ReadFile = (path) => readFileSync(resolve(import.meta.dirname, "..", path), "utf8");

/** Every npm package that a machine may be asked to install. */
export function npmPackages(lock: Pick<Lock, "npm">, readFile = ofProject): NpmPackage[] {
  return npmPins(lock, readFile).flatMap(({ path, name, version, integrity, entry }) =>
    entry.dev || !forLinux(entry.os) ? [] : [{ path, name, version, integrity }],
  );
}

/** Every npm package that is pinned, those of other systems too. */
export function npmPins({ npm }: Pick<Lock, "npm">, readFile = ofProject): (NpmPackage & { readonly entry: Entry })[] {
  return Object.entries(npm).flatMap(([pin, { lockfile }]) =>
    Object.entries(entriesOf(lockfile, readFile)).flatMap(([at, entry]) => {
      const { name = nameOf(at), version, integrity } = entry;
      // What is bundled or linked has no file of its own.
      if (at === "" || version === undefined || integrity === undefined) return [];
      return [{ path: `npm.${pin} ${at}`, name, version, integrity, entry }];
    }),
  );
}

/**
 * The package that a lock file is for, and how many come with it.
 *
 * @example
 * npmRoot(lock.npm.agent.lockfile).version; // 2026.9.6
 */
export function npmRoot(
  lockfile: string,
  readFile = ofProject,
): Omit<NpmPackage, "path" | "integrity"> & { readonly integrity?: string; readonly others: number } {
  const entries = entriesOf(lockfile, readFile);
  const name = Object.keys(entries[""]?.dependencies ?? {})[0] ?? "nothing";
  const { version = "none", integrity } = entries[`node_modules/${name}`] ?? {};
  return { name, version, integrity, others: Math.max(0, Object.keys(entries).length - 2) };
}

/** Where a registry has a package's file, in the lock file's way. */
export function npmFile({ name, version }: Pick<NpmPackage, "name" | "version">): string {
  return `{npm}/${name}/-/${name.slice(name.lastIndexOf("/") + 1)}-${version}.tgz`;
}

/**
 * What npm asks a registry about each package, for the versions that are pinned: before it takes a file, and when it works out a
 * lock file anew. Packages for other systems are among them, since the lock file has them. A web server answers with a
 * folder's index where it is asked for the folder. npm puts its registry in the place of these addresses' host.
 */
export function npmDocuments(lock: Pick<Lock, "npm">, readFile = ofProject): { template: string; text: string }[] {
  return [...Map.groupBy(npmPins(lock, readFile), ({ name }) => name)].map(([name, packages]) => {
    const versions = packages.map((one) => {
      const tarball = npmFile(one).replace("{npm}", "https://registry.npmjs.org");
      const { integrity, version } = one;
      return [version, { ...ofPackage(one.entry), name, version, dist: { integrity, tarball } }] as const;
    });
    const latest = versions.at(-1)?.[0];
    const text = JSON.stringify({ name, "dist-tags": { latest }, versions: Object.fromEntries(versions) });
    return { template: `{npm}/${name}/index.html`, text };
  });
}

// How it came into this lock file is not of the package itself.
function ofPackage({ integrity: _, resolved: __, dev: ___, optional, peer, devOptional, ...own }: Entry): object {
  return own;
}

/**
 * The package that lies in a folder, where its entry names no other one.
 *
 * @example
 * nameOf("node_modules/a/node_modules/@scope/b"); // @scope/b
 */
export const nameOf = (at: string): string => at.slice(at.lastIndexOf("node_modules/") + "node_modules/".length);

const forLinux = (os: readonly string[] = []) =>
  os.length === 0 || os.includes("linux") || (os.every((one) => one.startsWith("!")) && !os.includes("!linux"));

function entriesOf(lockfile: string, readFile: ReadFile): Readonly<Record<string, Entry>> {
  try {
    return (JSON.parse(readFile(lockfile)) as { packages?: Record<string, Entry> }).packages ?? {};
  } catch (cause) {
    throw new HostError("integrity", {
      summary: `${lockfile} cannot be read`,
      said: (cause as Error).message,
      try: `git checkout ${lockfile}`,
      cause,
    });
  }
}
