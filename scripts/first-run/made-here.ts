import { existsSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "../../host/local/docker.ts";
import { keptFolder } from "../clone-paths.ts";
import { dpkgStatus } from "../dpkg-status.ts";
import type { Say } from "../progress.ts";
import { readNote, writeNote } from "./kept-note.ts";

/** What quick starts of this clone brought to this computer, so that `--destroy` removes that and nothing else. */
export interface MadeHere {
  /** References of Docker images, each noted before it was there. */
  readonly images: readonly string[];
  /** Folders of Pulumi CLIs, noted so too. */
  readonly clis: readonly string[];
  /** Packages installed with apt, noted so too; they stay, since others may use them by now. */
  readonly packages: readonly string[];
  /** Groups that this user has joined; membership stays too. */
  readonly groups: readonly string[];
  /** Whether there was more, in a note that nobody can read. */
  readonly lost?: boolean;
}

export const madeFile = join(keptFolder, "made-here.json");
const kinds = ["images", "clis", "packages", "groups"] as const;

/** @param say told where the note is there and cannot be read */
export async function readMade(say: Say = (line) => console.error(line)): Promise<MadeHere> {
  const note = await readNote<Partial<MadeHere>>(madeFile, say);
  const known = note === "unreadable" ? { lost: true } : note;
  const made = { images: [], clis: [], packages: [], groups: [], ...known };
  // Notes of before had ids, of all images that came while an image was made; others' too.
  return { ...made, images: made.images.filter((reference) => !reference.startsWith("sha256:")) };
}

export async function noteMade(more: Partial<MadeHere>): Promise<void> {
  const known = await readMade();
  const next = kinds.map((kind) => [kind, [...new Set([...known[kind], ...(more[kind] ?? [])])]]);
  await noteLeft({ ...known, ...Object.fromEntries(next) });
}

/** Brings an image of this name here. */
export function bringImage<T>(reference: string, work: () => Promise<T>): Promise<T> {
  // Without an answer it may be here.
  return bring("images", [reference], work, () => inspect("image", reference).catch(() => true));
}

/** Brings a Pulumi CLI into this folder, unless it is there already. */
export function bringCli<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return existsSync(folder) ? work() : bring("clis", [folder], work, async () => existsSync(folder));
}

/** Brings packages here by apt; what is there before, whole or half, was noted then or is not ours. */
export async function bringPackages<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = await dpkgStatus(names);
  const more = names.filter((name) => !before?.has(name));
  return bring("packages", more, work, async (name) => (await dpkgStatus([name]))?.has(name) ?? true);
}

/** Notes something before it is here, so that a run killed meanwhile has noted it; what did not come is forgotten. */
async function bring<T>(
  kind: "images" | "clis" | "packages",
  names: readonly string[],
  work: () => Promise<T>,
  isHere: (name: string) => Promise<unknown>,
): Promise<T> {
  await noteMade({ [kind]: names });
  try {
    return await work();
  } finally {
    const gone: string[] = [];
    for (const name of names) if (!(await isHere(name))) gone.push(name);
    const known = await readMade();
    if (gone.length > 0) await noteLeft({ ...known, [kind]: known[kind].filter((each) => !gone.includes(each)) });
  }
}

/** Notes this in the place of all that was noted. */
export async function noteLeft(made: MadeHere): Promise<void> {
  await writeNote(madeFile, made);
}
