import type { LogEntry } from "../log-source.ts";

/** What a line of a refusal looks like, as a pattern of `grep -E`. */
export const deniedLine = "^[^ ]+ [^ ]+ OCSF [^ ]+ \\[[A-Z]+\\] DENIED ";

/** The same of the supervisor's plain words about itself, which would leave hardly any room for events among the last lines. */
export const chatter = "^[^ ]+ [^ ]+ (INFO|DEBUG|TRACE) ";

const levels: Readonly<Record<string, LogEntry["level"]>> = {
  MED: "warn",
  WARN: "warn",
  HIGH: "error",
  CRIT: "error",
  FATAL: "error",
  ERROR: "error",
};

/**
 * Reads one line of `docker logs --timestamps` of OpenShell's supervisor: an event in its short form of OCSF, or a plain word.
 * `… OCSF NET:OPEN [MED] DENIED curl(42) -> example.com:443 [policy:- engine:opa] [reason:…]`
 *
 * @returns undefined for what has no time
 */
export function supervisorLine(line: string, part: string): LogEntry | undefined {
  const [, time = "", said = ""] = /^(\d{4}-\S+Z) (?:\d{4}-\S+Z )?(.*)$/.exec(line) ?? [];
  const at = Date.parse(time);
  if (Number.isNaN(at)) return undefined;
  const [, event, severity, action, rest = ""] = /^OCSF (\S+) \[([A-Z]+)\] (DENIED )?(.*)$/.exec(said) ?? [];
  const [, plain, words] = /^(ERROR|WARN|INFO|DEBUG|TRACE) (.*)$/.exec(said) ?? [];
  const denied = action !== undefined;
  return {
    at: new Date(at).toISOString(),
    part,
    level: levels[severity ?? plain ?? ""] ?? "info",
    denied,
    text: withoutQueries(event === undefined ? (words ?? said) : denied ? rest : `${event} ${rest}`),
  };
}

// OpenShell writes the whole address of a refused request, and a query may hold a secret.
function withoutQueries(text: string): string {
  return text.replaceAll(/\?[^\s\]]+/g, "?[redacted]");
}
