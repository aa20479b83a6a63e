import { inspect } from "node:util";

/**
 * A secret on its way to a machine. Printing, logging or serialising it gives `[redacted]`; only `reveal` gives the value,
 * and only what writes to a command's standard input calls it.
 *
 * @example
 * writeFile("/etc/nemoclaw/credentials/x", new Sensitive(token), { mode: 0o600 });
 */
export class Sensitive {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}
