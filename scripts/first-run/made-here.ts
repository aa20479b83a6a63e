import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "../../host/local/docker.ts";
import { keptFolder } from "../clone-paths.ts";

/** What quick starts of this clone brought to this computer, so that `--destroy` removes that and nothing else. */
export interface MadeHere {
  /** References of Docker images, each noted before it was there. */
  readonly images: readonly string[];
  /** Packages installed with apt; they stay, since others may use them by now. */
  readonly packages: readonly string[];
  /** Groups that this user has joined; membership stays too. */
  readonly groups: readonly string[];
}

const file = join(keptFolder, "made-here.json");

export async function readMade(): Promise<MadeHere> {
  const text = await readFile(file, "utf8").catch(() => "{}");
  const made = { images: [], packages: [], groups: [], ...(JSON.parse(text) as Partial<MadeHere>) };
  // Notes of before had ids, of all images that came while an image was made; others' too.
  return { ...made, images: made.images.filter((reference) => !reference.startsWith("sha256:")) };
}

export async function noteMade(more: Partial<MadeHere>): Promise<void> {
  const known = await readMade();
  await write({
    images: [...new Set([...known.images, ...(more.images ?? [])])],
    packages: [...new Set([...known.packages, ...(more.packages ?? [])])],
    groups: [...new Set([...known.groups, ...(more.groups ?? [])])],
  });
}

/** Notes an image before it is brought here, so that a run killed meanwhile has noted it; one that did not come is forgotten. */
export async function bringImage<T>(reference: string, work: () => Promise<T>): Promise<T> {
  await noteMade({ images: [reference] });
  try {
    return await work();
  } catch (error) {
    const mayBeHere = await inspect("image", reference).catch(() => true);
    if (!mayBeHere) {
      const known = await readMade();
      await write({ ...known, images: known.images.filter((each) => each !== reference) });
    }
    throw error;
  }
}

async function write(made: MadeHere): Promise<void> {
  await mkdir(keptFolder, { recursive: true });
  await writeFile(`${file}.${process.pid}`, `${JSON.stringify(made)}\n`);
  await rename(`${file}.${process.pid}`, file);
}
