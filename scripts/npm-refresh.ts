import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { heartbeat } from "../host/apply-progress.ts";
import { HostError } from "../host/errors.ts";
import type { Sources } from "../host/lock-download.ts";
import { npmPins, npmRoot } from "../host/lock-npm.ts";
import type { Refreshed } from "../host/lock-refresh.ts";
import { cloneFolder } from "./clone-paths.ts";
import { serveFolder } from "./folder-registry.ts";
import { runProgram } from "./run-program.ts";

interface NpmRefresh {
  /** The package's next version, or a tag of the registry's. @default the pinned one */
  readonly version?: string;
  /** Its `npm` is the registry that is asked, or a folder as `scripts/lock mirror` fills it. @default npm's own setting */
  readonly mirrors?: Sources;
  readonly say?: (what: string) => void;
  /** What the lock file's path is relative to. @default this clone */
  readonly folder?: string;
}

const files = ["package.json", "package-lock.json"];
// No address of a registry gets into a lock file: machines take the packages from one of their own.
const flags = [
  ...["--package-lock-only", "--save-exact", "--omit-lockfile-registry-resolved", "--ignore-scripts"],
  ...["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"],
];

type Root = ReturnType<typeof npmRoot>;

interface Pin {
  readonly version: string;
  readonly sum: string;
}

/** What npm found, and is to be kept or not. */
export interface NpmRefreshed {
  /** What came, moved or went. */
  readonly changes: readonly Refreshed[];
  /** Writes it, where anything changed. */
  keep(): Promise<void>;
}

/**
 * Moves the package that a lock file of npm's is for to a version, with whatever it needs, and compares what stays with what
 * the registry publishes. npm works on a copy, so nothing is changed until it is kept.
 *
 * @throws HostError of kind `integrity` when npm fails, or when the registry publishes another package under the pinned version
 *
 * @example
 * const { keep } = await refreshNpm("agent", "services/agent/package-lock.json", { version: "2026.9.7" });
 * await keep();
 */
export async function refreshNpm(
  name: string,
  lockfile: string,
  { version, mirrors = {}, say = () => {}, folder = cloneFolder }: NpmRefresh = {},
): Promise<NpmRefreshed> {
  await using folderRegistry = mirrors.npm?.startsWith("file:")
    ? await serveFolder(fileURLToPath(mirrors.npm))
    : undefined;
  const registry = folderRegistry?.url ?? mirrors.npm;
  const home = dirname(resolve(folder, lockfile));
  const work = await mkdtemp(join(tmpdir(), "nemoclaw-npm-"));
  const at = registry ? [`--registry=${registry}`] : [];
  try {
    for (const file of files) await cp(join(home, file), join(work, file));
    const { root, pins: before } = await pinned(name, work);
    await npmInstall([...at, `${root.name}@${version ?? root.version}`], work, say);
    const { root: next, pins: after } = await pinned(name, work);
    const others = [...after].filter(([path, { sum, version }]) => {
      const was = before.get(path);
      return was?.version === version && was.sum !== sum;
    });
    if (others.length > 0) throw anotherPackage(lockfile, others, before);
    const missing = [...before.keys()].filter((path) => !after.has(path));
    if (missing.length > 0 && next.version === root.version) throw lacks(lockfile, root, missing);
    const changes = [...new Set([...before.keys(), ...after.keys()])]
      .map((path) => ({
        path,
        before: shown(before.get(path)),
        after: shown(after.get(path)),
        published: "its registry",
      }))
      .filter((one) => one.before !== one.after || one.path.endsWith(` node_modules/${root.name}`));
    const changed = changes.some((one) => one.before !== one.after) ? files : [];
    const made = await Promise.all(
      changed.map(async (file) => [file, await readFile(join(work, file), "utf8")] as const),
    );
    return {
      changes,
      keep: async () => {
        for (const [file, text] of made) await replace(home, file, text);
      },
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function npmInstall(words: readonly string[], cwd: string, say: (what: string) => void): Promise<void> {
  const command = ["npm", "install", ...flags, ...words];
  const ran = command.join(" ");
  say(ran);
  const alive = heartbeat("npm install", say);
  try {
    const { exitCode, stdout, stderr } = await runProgram(command, { cwd, timeoutSeconds: 600 });
    if (exitCode === 0) return;
    throw new HostError("integrity", {
      summary: "npm install failed; no file was changed",
      ran,
      exitCode,
      said: stderr.trim() || stdout.trim(),
      try: "another --version, or a registry that this computer reaches: --npm URL",
    });
  } finally {
    clearInterval(alive);
  }
}

/** What a folder's lock file is for, and what it pins, by where. */
async function pinned(name: string, folder: string): Promise<{ root: Root; pins: Map<string, Pin> }> {
  const text = await readFile(join(folder, "package-lock.json"), "utf8");
  const packages = npmPins({ npm: { [name]: { lockfile: "package-lock.json" } } }, () => text);
  return {
    root: npmRoot("package-lock.json", () => text),
    pins: new Map(packages.map(({ path, version, integrity }) => [path, { version, sum: integrity }])),
  };
}

const shown = (pin: Pin | undefined) => (pin ? `${pin.version}  ${pin.sum}` : null);

/** Never half a file. */
async function replace(folder: string, file: string, text: string): Promise<void> {
  const beside = join(folder, `.${file}.new`);
  await writeFile(beside, text);
  await rename(beside, join(folder, file));
}

function anotherPackage(
  lockfile: string,
  others: readonly (readonly [string, Pin])[],
  before: ReadonlyMap<string, Pin>,
): HostError {
  const lines = others.map(([path, { version, sum }]) => {
    return `${path} ${version}\n  pinned     ${before.get(path)?.sum}\n  published  ${sum}`;
  });
  return new HostError("integrity", {
    summary: `the registry publishes other packages under versions that ${lockfile} pins; no file was changed`,
    said: lines.join("\n"),
    try: "another registry; or another --version, if the publisher announced the new package",
  });
}

function lacks(lockfile: string, { name, version }: Root, missing: readonly string[]): HostError {
  const some = missing.slice(0, 5).join("\n");
  return new HostError("integrity", {
    summary: `by the registry ${name} ${version} does not need all that ${lockfile} pins; no file was changed`,
    said: missing.length > 5 ? `${some}\nand ${missing.length - 5} more` : some,
    try: "another registry, or a mirror folder filled anew: scripts/lock mirror FOLDER",
  });
}
