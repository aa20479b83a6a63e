import type { Command } from "./command.ts";
import { Sensitive } from "./sensitive.ts";

/** A part shorter than this is not looked for: hiding it would tear holes into unrelated text and hide little. */
const shortest = 6;

/** Remembers the secrets a process has handled and takes them out of text meant for people. */
export class Redactor {
  readonly #values = new Set<string>();

  /** Remembers a secret: the whole of it, each of its lines, and what stands after `=` or `:` on them. */
  add(secret: Sensitive | string | undefined): void {
    if (secret === undefined) return;
    const value = secret instanceof Sensitive ? secret.reveal() : secret;
    for (const part of [value, ...value.split("\n").flatMap((line) => [line, assigned(line)])]) {
      const trimmed = part.trim();
      if (trimmed.length < shortest) continue;
      this.#values.add(trimmed);
      this.#values.add(JSON.stringify(trimmed).slice(1, -1));
      this.#values.add(encodeURIComponent(trimmed.toWellFormed()));
      this.#values.add(Buffer.from(trimmed).toString("base64").replace(/=+$/, ""));
    }
  }

  /** Remembers what commands carry on their standard input as a secret. */
  addFrom(commands: readonly Command[]): void {
    for (const { stdin } of commands) if (stdin instanceof Sensitive) this.add(stdin);
  }

  /** The text with every remembered secret replaced by `[redacted]`. */
  clean(text: string): string {
    // Longest first, or a secret that contains another would keep its ends.
    return [...this.#values]
      .sort((a, b) => b.length - a.length)
      .reduce((kept, value) => kept.replaceAll(value, "[redacted]"), text);
  }
}

function assigned(line: string): string {
  const value = /[=:]\s*(.*)$/.exec(line)?.[1] ?? "";
  return value.replace(/^["']|["'],?$/g, "");
}
