import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Lexer, parse } from "yaml";
import { keptFolder, stackFile } from "../clone-paths.ts";
import { passphraseFile } from "../local-backend.ts";
import type { Say } from "../progress.ts";
import { readNote, writeNote } from "./kept-note.ts";

/** What a stack's file is like as long as the quick start alone has written it. */
interface Note {
  /** Hash of its text. */
  readonly whole: string;
  /** What an engine is adding to that, which a run that is killed meanwhile cannot note any more. */
  readonly adding?: {
    readonly key: string;
    /** Hash of all else that is in the file. */
    readonly rest: string;
  };
}

const noteFile = (stack: string) => join(keptFolder, "stack-files", `${stack}.json`);

/** Notes that the quick start is about to write a stack's file: before it does, so that a run killed meanwhile has noted it. */
export async function noteBegun(stack: string, text: string): Promise<void> {
  await writeNote(noteFile(stack), { whole: hash(text) } satisfies Note);
}

/** Notes what an engine adds to a stack's file, of one that nobody else has changed. @param key `encryptionsalt`, or a secret's */
export async function noteAdding<T>(stack: string, key: string, work: () => Promise<T>): Promise<T> {
  // Whatever there is to tell, `takeUp` has told.
  const [note, text] = [await noteOf(stack, () => {}), await textOf(stack)];
  if (!note || text === undefined || !isOurs(text, note)) return work();
  await writeNote(noteFile(stack), { whole: hash(text), adding: { key, rest: restOf(text, key) } } satisfies Note);
  try {
    return await work();
  } finally {
    // Of an engine that was interrupted, too: it has ended by now.
    const after = await textOf(stack);
    if (after !== undefined) await noteBegun(stack, after);
  }
}

/** Takes what an engine was adding when a run was killed for the quick start's, and says so. */
export async function takeUp(stack: string, say: Say): Promise<void> {
  const [note, text] = [await noteOf(stack, say), await textOf(stack)];
  if (!note || text === undefined || !wasAdded(text, note)) return;
  say(`a run that was killed was adding ${note.adding?.key} to ${stackFile(stack)}: what is there is taken for that`);
  await noteBegun(stack, text);
}

/** A stack file that stays, and what else has to, for its secrets to be read. */
export interface KeptStackFile {
  readonly file: string;
  readonly passphrase?: string;
}

/** Why one stays. */
export const notOurs = "not as a quick start wrote it, or older than its note of that";

/** Removes a stack's file where the quick start made it and nobody has changed it since. @returns the one that is there yet */
export async function removeStackFile(stack: string, say: Say): Promise<KeptStackFile | undefined> {
  const [file, text, note] = [stackFile(stack), await textOf(stack), await noteOf(stack, say)];
  if (text !== undefined && !(note && isOurs(text, note)))
    return /^encryptionsalt:/m.test(text) ? { file, passphrase: passphraseFile } : { file };
  if (text !== undefined && note && wasAdded(text, note))
    say(`${file} goes with its ${note.adding?.key}, which a run that was killed was adding`);
  await rm(file, { force: true });
  await rm(noteFile(stack), { force: true });
  return undefined;
}

function isOurs(text: string, note: Note): boolean {
  return hash(text) === note.whole || wasAdded(text, note);
}

function wasAdded(text: string, { whole, adding }: Note): boolean {
  return adding !== undefined && hash(text) !== whole && restOf(text, adding.key) === adding.rest;
}

/** Hash of a file's settings and comments, but for one secret and the salt of all, however an engine lays them out. */
function restOf(text: string, key: string): string {
  try {
    const { encryptionsalt: _, config, ...more } = (parse(text) ?? {}) as Record<string, unknown>;
    const settings = Object.entries((config ?? {}) as Record<string, { secure?: unknown } | undefined>);
    const others = settings.filter(([name, value]) => name !== key || value?.secure === undefined);
    const comments = [...new Lexer().lex(text)].filter((token) => token.startsWith("#"));
    return hash(JSON.stringify([more, others, comments]));
  } catch {
    return hash(text);
  }
}

function textOf(stack: string): Promise<string | undefined> {
  return readFile(stackFile(stack), "utf8").catch(() => undefined);
}

/** One that cannot be read counts as none. */
async function noteOf(stack: string, say: Say): Promise<Note | undefined> {
  const note = await readNote<Note>(noteFile(stack), say);
  return note === "unreadable" ? undefined : note;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
