import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file of the service's own so that neither a reader nor a machine that loses its power sees a part of it: when this
 * resolves, the new bytes are on the disk.
 *
 * @throws what the file system says: a full disk, a folder that is not there
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const part = `${path}.tmp`;
  try {
    const file = await open(part, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
