import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keptFolder } from "../clone-paths.ts";
import { runProgram } from "../run-program.ts";

/** What quick starts of this clone brought to this computer, so that `--destroy` removes that and nothing else. */
export interface MadeHere {
  /** Ids of Docker images. */
  readonly images: readonly string[];
  /** Packages installed with apt; they stay, since others may use them by now. */
  readonly packages: readonly string[];
  /** Groups that this user has joined; membership stays too. */
  readonly groups: readonly string[];
}

const file = join(keptFolder, "made-here.json");

export async function readMade(): Promise<MadeHere> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  return { images: [], packages: [], groups: [], ...(JSON.parse(text) as Partial<MadeHere>) };
}

export async function noteMade(more: Partial<MadeHere>): Promise<void> {
  const known = await readMade();
  const next = {
    images: [...new Set([...known.images, ...(more.images ?? [])])],
    packages: [...new Set([...known.packages, ...(more.packages ?? [])])],
    groups: [...new Set([...known.groups, ...(more.groups ?? [])])],
  };
  await mkdir(keptFolder, { recursive: true });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(next)}\n`);
  await rename(`${file}.${process.pid}`, file);
}

/** Ids of all images this computer has, but for the layers that lie under others. */
export async function listImages(): Promise<string[]> {
  const answer = await runProgram(["docker", "image", "ls", "--quiet", "--no-trunc"], { timeoutSeconds: 60 });
  return [...new Set(answer.stdout.split("\n").filter(Boolean))];
}
