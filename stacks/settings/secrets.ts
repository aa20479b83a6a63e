import type { Fault } from "../../policies/fault.ts";

interface SecretShape {
  /** What it is, for people. */
  readonly what: string;
  readonly looksRight: (value: string) => boolean;
  readonly expected: string;
}

const oneWord = (value: string) => /^\S+$/.test(value);

/** The secrets of a stack: each a top-level key, because an object of secrets would hide its whole neighbourhood in diffs. */
export const secretShapes = {
  inferenceKey: {
    what: "the inference service's key",
    looksRight: oneWord,
    expected: "one word, without spaces or newlines",
  },
  telegramToken: {
    what: "the Telegram bot's token",
    looksRight: (value) => /^\d+:[\w-]{20,}$/.test(value),
    expected: "a token as BotFather gives it: digits, a colon, letters",
  },
  tunnelToken: {
    what: "the named tunnel's token",
    looksRight: oneWord,
    expected: "one word, without spaces or newlines",
  },
  sshPrivateKey: {
    what: "the private key for the machine",
    looksRight: (value) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(value),
    expected: "a private key file's whole text, newlines included",
  },
} as const satisfies Record<string, SecretShape>;

/** In place of a secret that is there, encrypted, and that nobody here can open. */
export const sealed: unique symbol = Symbol("a secret that stays shut");

export type SecretName = keyof typeof secretShapes;
export const secretNames = Object.keys(secretShapes) as SecretName[];

/** The command that sets a secret; its value is asked for, or comes by standard input. */
export function setCommand(name: SecretName): string {
  const input = name === "sshPrivateKey" ? " <KEYFILE" : "";
  return `scripts/pulumi config set --secret nemoclaw:${name}${input}`;
}

/** What is wrong with the secrets that are there. Never shows a value. */
export function checkSecrets(raw: Readonly<Record<string, unknown>>, encrypted: ReadonlySet<string>): Fault[] {
  return secretNames.flatMap((name): Fault[] => {
    const value = raw[name];
    if (value === undefined) return [];
    const { what, expected, looksRight } = secretShapes[name];
    const instead = setCommand(name);
    if (!encrypted.has(name)) {
      const message = `${what} stands in clear in the stack file; whoever has read the file has it, so take a new one`;
      return [{ path: name, message, instead }];
    }
    const right = value === sealed || (typeof value === "string" && looksRight(value));
    return right ? [] : [{ path: name, message: `this is not ${what}; expected ${expected}`, instead }];
  });
}

/** A fault for a secret that is needed and not there. */
export function needSecret(raw: Readonly<Record<string, unknown>>, name: SecretName, why: string): Fault[] {
  if (raw[name] !== undefined) return [];
  return [{ path: name, message: `${why} needs ${secretShapes[name].what}`, instead: setCommand(name) }];
}
