import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { keptFolder, stackFile } from "../clone-paths.ts";
import { passphraseFile } from "../local-backend.ts";

/** What a stack's file is like as long as the quick start alone has written it. */
interface Note {
  /** Hash of its settings without secrets. */
  readonly settings: string;
  /** Hash of its text, once the secrets were in it. */
  readonly whole?: string;
}

const noteFile = (stack: string) => join(keptFolder, "stack-files", `${stack}.json`);

/** Notes that the quick start is about to write a stack's file: before it does, so that a run killed meanwhile has noted it. */
export async function noteBegun(stack: string, text: string): Promise<void> {
  await write(stack, { settings: settingsHash(text) });
}

/** Notes what the file is like with all its secrets, of one that nobody else has changed. */
export async function noteFinished(stack: string): Promise<void> {
  const [note, text] = [await readNote(stack), await textOf(stack)];
  if (note && !note.whole && text !== undefined && isOurs(text, note))
    await write(stack, { ...note, whole: hash(text) });
}

/** A stack file that stays, and what else has to, for its secrets to be read. */
export interface KeptStackFile {
  readonly file: string;
  readonly passphrase?: string;
}

/** Removes a stack's file where the quick start made it and nobody has changed it since. @returns the one that is there yet */
export async function removeStackFile(stack: string): Promise<KeptStackFile | undefined> {
  const [file, text, note] = [stackFile(stack), await textOf(stack), await readNote(stack)];
  if (text !== undefined && !(note && isOurs(text, note)))
    return /^encryptionsalt:/m.test(text) ? { file, passphrase: passphraseFile } : { file };
  await rm(file, { force: true });
  await rm(noteFile(stack), { force: true });
  return undefined;
}

function isOurs(text: string, { settings, whole }: Note): boolean {
  // A run that was killed among the secrets has not noted the whole.
  return whole === undefined ? settingsHash(text) === settings : hash(text) === whole;
}

function settingsHash(text: string): string {
  try {
    const { config = {} } = (parse(text) ?? {}) as { config?: Record<string, { secure?: unknown } | undefined> };
    return hash(JSON.stringify(Object.entries(config).filter(([, value]) => value?.secure === undefined)));
  } catch {
    return "no settings";
  }
}

function textOf(stack: string): Promise<string | undefined> {
  return readFile(stackFile(stack), "utf8").catch(() => undefined);
}

async function readNote(stack: string): Promise<Note | undefined> {
  const text = await readFile(noteFile(stack), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Note);
}

async function write(stack: string, note: Note): Promise<void> {
  await mkdir(join(keptFolder, "stack-files"), { recursive: true });
  await writeFile(noteFile(stack), `${JSON.stringify(note)}\n`);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
