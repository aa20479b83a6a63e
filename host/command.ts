import type { Sensitive } from "./sensitive.ts";

/**
 * One change to a machine, described but not yet run. `script` is POSIX shell run as root with `set -eu`; it never holds a
 * secret. Secrets and file contents travel in `stdin`.
 */
export interface Command {
  /** What this does, for progress and errors, in the imperative: `write /etc/docker/daemon.json`. */
  readonly title: string;
  readonly script: string;
  readonly stdin?: string | Uint8Array | Sensitive;
  /** Seconds before the command is stopped. @default 300 */
  readonly timeoutSeconds?: number;
  /** What errors show for the script, where a shorter line tells a person as much: `apt-get install docker.io`. */
  readonly shown?: string;
  /** What a person can do when this command fails. */
  readonly try?: string;
  /** The same, where what the command said tells more; `try` when it does not. */
  readonly tryAfter?: (said: string) => string | undefined;
}

/** Quotes one word for a POSIX shell; every character but NUL survives. */
export function quote(word: string): string {
  if (word.includes("\0")) throw new Error("a shell word cannot hold a NUL character");
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command from an argument list; no word is ever read by a shell. */
export function argv(title: string, words: readonly string[], more: Omit<Command, "title" | "script"> = {}): Command {
  return { title, script: words.map(quote).join(" "), ...more };
}
