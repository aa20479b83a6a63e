import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Say } from "../progress.ts";

/**
 * Reads what an earlier run has noted for later ones.
 *
 * @param say told why one that is there cannot be read: no run is to end at that, and what it noted may matter
 * @returns undefined where there is none, and `"unreadable"` where nobody knows what it says
 */
export async function readNote<T extends object>(file: string, say: Say): Promise<T | "unreadable" | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof content === "object" && content !== null) return content as T;
    throw new Error("it is no JSON object");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    say(`${file} cannot be read, so what it noted is not known: ${(error as Error).message}`);
    return "unreadable";
  }
}

/** Writes a note in the place of the one before: whole or not at all, also when killed. */
export async function writeNote(file: string, content: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  // Flushed, or a power cut may leave the new name with nothing in it.
  await writeFile(draft, `${JSON.stringify(content)}\n`, { flush: true });
  await rename(draft, file);
}
