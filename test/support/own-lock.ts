import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lock } from "../../host/lock.ts";

const committed = "nemoclaw.lock.json";

/**
 * Pins otherwise, in a lock file of the test's own that all which is started from now on goes by.
 *
 * @param folder where that file is written
 * @param from what is changed; by default what is gone by now
 */
export async function pinOwn(
  folder: string,
  change: (lock: Lock) => void,
  from = process.env.NEMOCLAW_LOCK_FILE ?? committed,
): Promise<void> {
  const lock = JSON.parse(await readFile(from, "utf8")) as Lock;
  change(lock);
  const file = join(folder, "lock.json");
  await writeFile(file, JSON.stringify(lock));
  process.env.NEMOCLAW_LOCK_FILE = file;
}

/** The same, from the lock file that is committed, whatever the test has pinned before. */
export function pinFromCommitted(folder: string, change: (lock: Lock) => void): Promise<void> {
  return pinOwn(folder, change, committed);
}
