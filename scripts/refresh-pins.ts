import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Lock, lockPath, readLock, refreshedWith } from "../host/lock.ts";
import { type Refreshed, type RefreshOptions, refreshable, refreshPin } from "../host/lock-refresh.ts";
import { withImagesOf } from "../host/lock-release.ts";
import { refreshNpm } from "./npm-refresh.ts";
import { ExitError } from "./stack-command.ts";

/**
 * Refreshes what is pinned, by names as people say them. All of it is written at the end, npm's lock files too: one thing that fails
 * leaves every file as it was, and what belongs together is of one release.
 *
 * @throws ExitError for a version that is to be of several releases, HostError for what cannot be had
 */
export async function refreshPins(names: readonly string[], options: RefreshOptions): Promise<Refreshed[]> {
  const release = names.some((name) => name === "openshell" || name === "all");
  const before = readLock();
  refuseOneVersionForSeveral(before, names, options.version);
  let lock = release ? withImagesOf(before, options.version) : before;
  const wanted = Map.groupBy(
    names.flatMap((name) => named(lock, name)),
    (name) => lock.npm[name]?.lockfile,
  );
  const refreshed: Refreshed[] = [];
  for (const name of wanted.get(undefined) ?? []) {
    const next = await refreshPin(lock, name, options);
    lock = next.lock;
    refreshed.push(...next.files);
  }
  const kept = [() => writeLock(lock)];
  for (const [lockfile, [name = ""]] of wanted) {
    if (lockfile === undefined) continue;
    const { changes, keep } = await refreshNpm(name, lockfile, options);
    refreshed.push(...changes);
    kept.push(keep);
  }
  for (const keep of kept) await keep();
  return refreshed;
}

/** `all`, a thing by its name, or by the name of the release that it is a part of. */
function named(lock: Lock, name: string): string[] {
  const found = refreshable(lock).filter((one) => name === "all" || name === one || name === refreshedWith(one));
  return found.length > 0 ? found : [name];
}

function refuseOneVersionForSeveral(lock: Lock, names: readonly string[], version: string | undefined): void {
  if (version === undefined) return;
  const [first, ...others] = new Set(names.flatMap((name) => named(lock, name)).map(refreshedWith));
  if (others.length === 0) return;
  throw new ExitError(
    `--version ${version} cannot be of ${[first, ...others].join(", ")} at a time\n  try   scripts/lock refresh ${first} --version ${version}`,
    64,
  );
}

async function writeLock(lock: Lock): Promise<void> {
  const text = `${JSON.stringify(lock, null, 2)}\n`;
  if (text !== readFileSync(lockPath(), "utf8")) writeFileSync(fileURLToPath(lockPath()), text);
}
