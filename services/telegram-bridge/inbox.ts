import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Update } from "grammy/types";
import { writeDurably } from "./durable-file.ts";

/** One message on its way: from the moment Telegram may forget it to the moment its answer is out. */
export interface Entry {
  readonly updateId: number;
  readonly chat: number;
  /** The forum topic, where the chat has topics. */
  readonly thread?: number;
  /** Absent when the message holds something other than text. */
  readonly text?: string;
  /** Turns begun for this message; more than one only after a crash. */
  attempts: number;
  /** The answer in the parts that Telegram takes, how many of them are done with, and how many of those it refused. */
  answer?: { readonly parts: readonly string[]; sent: number; refused?: number };
}

/** What was taken over from Telegram: where to go on, and what to drop when it comes again. */
interface Accepted {
  readonly version: 1;
  readonly next?: number;
  readonly recent: readonly number[];
}

// A poll brings at most 100 updates, so a duplicate is never older than that.
const remembered = 500;

/**
 * The bridge's memory on disk. `getUpdates` with an offset tells Telegram to forget everything below it, so an update is
 * first written here, then remembered as accepted, and only then does `next` move past it. It is deleted when its answer is out.
 * A crash between any two of these steps repeats the step after it, and never loses a message.
 */
export interface Inbox {
  /** The offset of the next poll; undefined before the first update. */
  readonly next: number | undefined;
  /** Messages whose answer is not out, oldest first. */
  readonly pending: readonly Entry[];
  /**
   * Takes updates over and gives the new messages among them. Updates that came before are dropped, as are those for which
   * `wanted` gives nothing; both are acknowledged by the next poll.
   *
   * @throws what the file system says; nothing is acknowledged then
   */
  accept(updates: readonly Update[], wanted: (update: Update) => Entry | undefined): Promise<Entry[]>;
  /** Writes an entry's progress. */
  save(entry: Entry): Promise<void>;
  /** Forgets an entry whose answer is out. */
  finish(entry: Entry): Promise<void>;
}

/** Opens the memory in a folder, which is made when it is not there. @throws when a file in it cannot be read */
export async function openInbox(folder: string): Promise<Inbox> {
  const queue = join(folder, "queue");
  const acceptedFile = join(folder, "accepted.json");
  await mkdir(queue, { recursive: true, mode: 0o700 });

  const pending = new Map<number, Entry>((await readQueue(queue)).map((entry) => [entry.updateId, entry]));
  let accepted = await readAccepted(acceptedFile);
  // Written, but the crash came before they were remembered: Telegram will send them again, and they must not run twice.
  const unremembered = [...pending.keys()].filter((id) => !accepted.recent.includes(id));
  if (unremembered.length > 0) await remember(unremembered);

  const file = (updateId: number) => join(queue, `${updateId}.json`);

  async function remember(ids: readonly number[]): Promise<void> {
    const recent = [...accepted.recent, ...ids].slice(-remembered);
    // The highest of this batch, not of all time: after a quiet week Telegram starts again at a random number.
    const then: Accepted = { version: 1, next: Math.max(...ids) + 1, recent };
    await writeDurably(acceptedFile, JSON.stringify(then));
    accepted = then;
  }

  const save = (entry: Entry) => writeDurably(file(entry.updateId), JSON.stringify(entry));

  return {
    get next() {
      return accepted.next;
    },

    get pending() {
      return [...pending.values()];
    },

    async accept(updates, wanted) {
      const fresh = updates
        .filter((update) => !accepted.recent.includes(update.update_id))
        .sort((a, b) => a.update_id - b.update_id);
      if (fresh.length === 0) return [];

      const entries = fresh.map(wanted).filter((entry) => entry !== undefined);
      for (const entry of entries) await save(entry);
      await remember(fresh.map((update) => update.update_id));
      for (const entry of entries) pending.set(entry.updateId, entry);
      return entries;
    },

    save,

    async finish(entry) {
      await rm(file(entry.updateId), { force: true });
      pending.delete(entry.updateId);
    },
  };
}

async function readQueue(queue: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await readdir(queue)) {
    // What is left of a write that a crash cut short; its update was not acknowledged.
    if (!name.endsWith(".json")) await rm(join(queue, name), { force: true });
    else entries.push(await readJson<Entry>(join(queue, name)));
  }
  return entries.sort((a, b) => a.updateId - b.updateId);
}

async function readAccepted(path: string): Promise<Accepted> {
  try {
    return await readJson<Accepted>(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { version: 1, recent: [] };
    throw error;
  }
}

async function readJson<T>(path: string): Promise<T> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`${path} is not what the bridge wrote; move it away and start the bridge again`);
  }
}
