import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HostError } from "../errors.ts";

const run = promisify(execFile);

/** The folder that the quick start of this clone keeps, and removes with `--destroy`. */
export const keptByQuickStart = fileURLToPath(new URL("../../.nemoclaw", import.meta.url));

const below = (directory: string) => join(directory, "making");

/** Has root make something in a folder of its own below another one, where what a killed run leaves of it is found. */
export async function inMakingFolder<T>(directory: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(below(directory), { recursive: true });
  const folder = await mkdtemp(join(below(directory), "base-"));
  // apt, in there, downloads as another user where it can.
  await chmod(folder, 0o755);
  try {
    return await work(folder);
  } finally {
    // What stays is removed with everything else, and must not hide why the work failed.
    await remove(folder).catch(() => {});
  }
}

/** Removes all that is left below a folder of what was made there, which is root's. @throws HostError when it cannot */
export async function removeMakings(directory: string): Promise<void> {
  if (existsSync(below(directory))) await remove(below(directory));
}

/** What to put before a command of root's; nothing where this user cannot be root without a password. */
export function rootWords(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}

async function remove(folder: string): Promise<void> {
  // Nothing that somebody has mounted in there is this project's to remove.
  const words = [...(rootWords() ?? []), "rm", "--recursive", "--force", "--one-file-system", "--", folder];
  const [program = "", ...args] = words;
  await run(program, args).catch((error: { stderr?: string; code?: unknown }) => {
    throw new HostError("command", {
      summary: "What is left of a base image that was being made could not be removed",
      ran: words.join(" "),
      exitCode: typeof error.code === "number" ? error.code : undefined,
      said: error.stderr,
      try: `see that no mmdebstrap runs any more and nothing is mounted in there, then as root: rm -r ${folder}`,
      cause: error,
    });
  });
}
