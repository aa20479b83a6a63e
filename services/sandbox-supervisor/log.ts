/** Facts of a log line. Never a message's text or a secret. */
export type Facts = Readonly<Record<string, unknown>>;

// The numbers are syslog's; the journal reads them at the start of a line and takes them off.
const levels = { error: 3, warn: 4, info: 6 } as const;

/** Writes one JSON line for the journal, which adds the time. */
export function log(level: keyof typeof levels, event: string, facts: Facts = {}): void {
  process.stdout.write(`<${levels[level]}>${JSON.stringify({ event, ...facts })}\n`);
}

/** The text of an error, for a person. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
