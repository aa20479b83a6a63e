import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file for its owner alone, unless there is one: whole or not at all, also when killed, and of
 * several writers, in one process or in many, one wins.
 *
 * @returns whether it was written now
 *
 * @example
 * await writeOnce("/work/clone/.nemoclaw/passphrase", () => "a secret of this clone"); // true, and false ever after
 */
export async function writeOnce(file: string, content: () => string | Promise<string>): Promise<boolean> {
  if (existsSync(file)) return false;
  await mkdir(dirname(file), { recursive: true });
  // A name of its own for each call: calls of one process at the same time would take each other's draft away.
  const draft = `${file}.${randomUUID()}.draft`;
  try {
    await writeFile(draft, await content(), { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
