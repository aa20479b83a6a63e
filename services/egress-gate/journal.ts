import type { Destination, Verdict } from "./judge.ts";

/** What the gate writes down about one connection or request. */
export interface Entry extends Partial<Verdict>, Partial<Destination> {
  readonly method?: string;
  /** Without its query, which may hold secrets. */
  readonly path?: string;
}

/** Writes decisions as JSON lines, repeated denials once with a count of the rest. */
export interface Journal {
  egress(entry: Entry): void;
  /** Any other event of the gate's own life. */
  event(name: string, facts: Record<string, unknown>): void;
  /** Writes the counts that are still held back. */
  close(): void;
}

/** How much is written. */
export interface JournalLimits {
  /** How long the same denial stays quiet after it was written; 0 writes each. @default 30000 */
  quietMs?: number;
  /** Different denials within that time; the rest is only counted. @default 200 */
  denials?: number;
}

const longestPath = 512;

/** A journal over a function that takes one line without its end. */
export function journal(write: (line: string) => void, limits: JournalLimits = {}): Journal {
  const { quietMs = 30_000, denials = 200 } = limits;
  const held = new Map<string, { entry: Entry; count: number }>();
  let overflow = 0;
  const line = (event: string, facts: object) =>
    write(JSON.stringify({ t: new Date().toISOString(), event, ...facts }));
  const flush = () => {
    for (const { entry, count } of held.values()) if (count > 0) line("egress", { ...entry, suppressed: count });
    if (overflow > 0) line("egress", { decision: "deny", reason: "many different denials", suppressed: overflow });
    held.clear();
    overflow = 0;
  };
  const timer = setInterval(flush, quietMs || 30_000);
  timer.unref();
  return {
    egress(given) {
      const entry = shape(given);
      if (entry.decision === "allow" || quietMs === 0) return line("egress", entry);
      const key = JSON.stringify(entry);
      const known = held.get(key);
      if (known) known.count++;
      else if (held.size >= denials) overflow++;
      else {
        held.set(key, { entry, count: 0 });
        line("egress", entry);
      }
    },
    event: line,
    close() {
      clearInterval(timer);
      flush();
    },
  };
}

// One order of fields, so that lines can be read down a column.
function shape({ decision, host, port, method, path, policy, rule, reason }: Entry): Entry {
  const cut = path !== undefined && path.length > longestPath ? `${path.slice(0, longestPath)}…` : path;
  return { decision, host, port, method, path: cut, policy, rule, reason };
}
