import { stripVTControlCharacters } from "node:util";
import type { LogEntry } from "../host/runtimes/log-source.ts";
import { printable } from "./terminal-text.ts";

/**
 * Reads one record of `journalctl --output=json`.
 *
 * @param parts unit to part
 * @returns undefined for what is no record, or of no unit among the parts
 */
export function logEntry(line: string, parts: Readonly<Record<string, string>>): LogEntry | undefined {
  const record = json(line);
  if (!record) return undefined;
  // systemd's own words about a unit name it elsewhere.
  const part = parts[String(record._SYSTEMD_UNIT)] ?? parts[String(record.UNIT)];
  const micros = Number(record.__REALTIME_TIMESTAMP);
  if (part === undefined || !Number.isFinite(micros)) return undefined;
  const message = textOf(record.MESSAGE);
  const fields = json(message);
  return {
    at: new Date(micros / 1000).toISOString(),
    part,
    level: levelOf(Number(record.PRIORITY ?? 6), fields?.level),
    denied: isDenied(message, fields),
    // OpenShell's gateway colours what it writes, terminal or not.
    text: fields ? worded(fields) : stripVTControlCharacters(message),
    fields,
  };
}

/** A line for a terminal: `2026-11-22T21:06:44.172Z  gate    DENIED  CONNECT example.com:443  (no endpoint …)`. */
export function printEntry({ at, part, sandbox, level, denied, text }: LogEntry): string {
  const mark = denied ? "DENIED  " : level === "info" ? "" : `${level.toUpperCase()}  `;
  const whose = sandbox === undefined ? "" : `${sandbox}  `;
  return `${at}  ${whose}${part.padEnd(6)}  ${mark}${printable(text)}`;
}

function worded(fields: Readonly<Record<string, unknown>>): string {
  const { event, level: _, t: __, ...rest } = fields;
  if (event === "egress") return egress(rest);
  if (event === "write-denied") return `write to ${rest.path}  (${rest.call})`;
  if (event === "agent-log") return String(rest.line);
  return [event, ...Object.entries(rest).map(([key, value]) => `${key}=${short(value)}`)].filter(Boolean).join("  ");
}

function egress(entry: Readonly<Record<string, unknown>>): string {
  const { decision, method, host, port, path = "", policy, rule, reason, suppressed } = entry;
  const to = host === undefined ? "" : `${host}${port === undefined ? "" : `:${port}`}${path}`;
  const why = [policy, rule, reason].filter((each) => each !== undefined).join(", ");
  return [
    ...(decision === "deny" ? [] : [String(decision)]),
    [method, to].filter(Boolean).join(" "),
    ...(why ? [`(${why})`] : []),
    ...(suppressed === undefined ? [] : [`and ${suppressed} more`]),
  ]
    .filter(Boolean)
    .join("  ");
}

function isDenied(message: string, fields: Readonly<Record<string, unknown>> | undefined): boolean {
  if (fields) return fields.decision === "deny" || fields.event === "write-denied";
  return /\bDENIED\b/.test(message);
}

/** What `isDenied` may be true of, as a pattern that journalctl looks for; it may find more. */
export const deniedPattern = '"decision":"deny"|"write-denied"|DENIED';

function levelOf(priority: number, said: unknown): LogEntry["level"] {
  if (said === "error" || priority <= 3) return "error";
  return said === "warn" || priority === 4 ? "warn" : "info";
}

// journald gives what is no text as a list of bytes.
function textOf(message: unknown): string {
  if (Array.isArray(message)) return Buffer.from(message as number[]).toString("utf8");
  return typeof message === "string" ? message : "";
}

function short(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function json(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
