/** Facts of a log line. Never a message's text: its length and its numbers are enough to follow it. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes JSON lines for the journal, which adds the time. */
export interface Log {
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  error(event: string, facts?: Facts): void;
  /** The text with every secret taken out, for what is written elsewhere. */
  redact(text: string): string;
}

/** A log that never writes a secret, wherever it came from: a library's error may quote the URL, which holds the token. */
export function createLog(write: (line: string) => void, secrets: readonly string[] = []): Log {
  const redact = (text: string) => secrets.reduce((line, secret) => line.replaceAll(secret, "[redacted]"), text);
  const at =
    (level: string) =>
    (event: string, facts: Facts = {}) =>
      write(`${redact(JSON.stringify({ level, event, ...facts }))}\n`);
  return { info: at("info"), warn: at("warn"), error: at("error"), redact };
}
