import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file so that a reader, and a machine that loses its power, sees the old bytes or the new ones, never a part.
 *
 * @throws what the file system says: a full disk, a folder that is not there
 */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  await replace(path, text, mode, true);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The same for readers only: nothing waits for the disk. For files that need not outlive the machine's run. */
export function writeWhole(path: string, text: string, mode: number): Promise<void> {
  return replace(path, text, mode, false);
}

async function replace(path: string, text: string, mode: number, sync: boolean): Promise<void> {
  const part = `${path}.tmp`;
  try {
    const file = await open(part, "w", mode);
    try {
      await file.chmod(mode); // the process's umask takes bits from the mode given at open
      await file.writeFile(text);
      if (sync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
