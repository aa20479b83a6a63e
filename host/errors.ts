/** What went wrong with a machine, told apart because callers treat them differently: only `unreachable` is ever retried. */
export type HostErrorKind =
  | "unreachable"
  | "host-key"
  | "auth"
  | "sudo"
  | "locked"
  | "command"
  | "timeout"
  | "not-converged"
  | "cancelled"
  | "integrity"
  | "foreign"
  | "switched-back";

export interface HostErrorDetails {
  /** One line that stands alone: what failed and where. */
  readonly summary: string;
  /** What was run, without secrets. */
  readonly ran?: string;
  readonly exitCode?: number;
  /** What it said: the last lines of its output, redacted. */
  readonly said?: string;
  /** What the reader can do about it. */
  readonly try?: string;
  readonly cause?: unknown;
}

/**
 * A failure on a machine, worded for the person who reads `pulumi up`: what failed, where, what was run, what it said,
 * what to try. The first line stands alone.
 */
export class HostError extends Error {
  readonly kind: HostErrorKind;
  readonly details: HostErrorDetails;

  constructor(kind: HostErrorKind, details: HostErrorDetails) {
    super(message(details), { cause: details.cause });
    this.name = "HostError";
    this.kind = kind;
    this.details = details;
  }
}

/** Whether this is an interruption by a person, after which nothing else is tried. */
export function isCancelled(error: unknown): boolean {
  return error instanceof HostError && error.kind === "cancelled";
}

function message({ summary, ran, exitCode, said, try: hint }: HostErrorDetails): string {
  const lines = [summary];
  if (ran) lines.push(`  ran   ${ran}${exitCode === undefined ? "" : `   (exit ${exitCode})`}`);
  if (said?.trim()) lines.push(`  said  ${lastOf(said).join("\n        ")}`);
  if (hint) lines.push(`  try   ${hint}`);
  return lines.join("\n");
}

/** What a person reads, and what the way to the engine holds: the last lines, and not much of one that is endless. */
function lastOf(said: string): string[] {
  const lines = said.trim().split("\n").slice(-20);
  return lines.map((line) => (line.length > 500 ? `${line.slice(0, 500)}…` : line));
}
