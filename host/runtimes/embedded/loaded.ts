import { type Command, quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Step } from "../../step.ts";
import { sha256 } from "../../steps/file-facts.ts";
import { type UnitState, unitState } from "../../steps/systemd-unit.ts";

/** A configuration file that a running service has taken up, by the service's own word. */
export interface Loaded {
  readonly unit: string;
  /** Where the service says what is in force. */
  readonly status: string;
  /** The field of its status that holds the sha256 of the file in force. */
  readonly field: "policySha256" | "routeSha256";
  readonly file: { readonly path: string; readonly content: string };
  /** Whether the service is to run at all. @default true */
  readonly active?: boolean;
}

export interface LoadedFacts {
  readonly unit: UnitState;
  readonly status: { readonly sha256?: string; readonly error?: string };
}

/**
 * The service has the file in force, by its own word and not because a signal was sent. A file it refuses is an error with
 * its reason; what was in force before stays.
 */
export function ensureLoaded(loaded: Loaded): Step<LoadedFacts> {
  const wanted = sha256(loaded.file.content);
  return {
    name: `${loaded.file.path} in force`,
    facts: { unit: unitState(loaded.unit), status: statusFacts(loaded) },
    plan: ({ unit, status }) => {
      if (loaded.active === false || (unit.activeState === "active" && status.sha256 === wanted)) return [];
      return [putInForce(loaded)];
    },
  };
}

// Said by the script below as its last line, and read again where the failure is worded.
const refused = "the service refuses the file";

/** Tells a running service to take its file up, and waits until it says that it has, or that it refuses it. */
export function putInForce(loaded: Loaded): Command {
  const wanted = sha256(loaded.file.content);
  const [name, file] = [quote(loaded.unit), quote(loaded.status)];
  const journal = `on the machine: journalctl -u ${loaded.unit} -e`;
  return {
    title: `put ${loaded.file.path} in force`,
    // The error of an earlier refusal stands in the status until a file is taken up: only another one is about this file.
    script: `error() { sed -n 's/.*"error":"\\(\\([^"\\]\\|\\\\.\\)*\\)".*/\\1/p' ${file} 2>/dev/null || :; }
before=$(error)
systemctl reload -- ${name}
n=0 said=
until grep -q ${wanted} ${file} 2>/dev/null; do
  said=$(error)
  test -z "$said" || test "$said" = "$before" || break
  said=
  n=$((n + 1))
  test "$n" -lt 100 || break
  sleep 0.1
done
grep -q ${wanted} ${file} || {
  cat ${file} || :
  journalctl --no-pager --namespace="*" -o cat -n 10 -u ${name}
  test -z "$said" || echo ${quote(refused)}
  exit 1
}`,
    timeoutSeconds: 60,
    tryAfter: (said) =>
      said.trimEnd().split("\n").at(-1) === refused ? `${journal}; what was in force before still is` : undefined,
    // The file stands where the service looks for it.
    try: `${journal}; the new one may yet come into force`,
  };
}

function statusFacts({ status, field }: Loaded): Question<LoadedFacts["status"]> {
  return {
    script: `cat ${quote(status)}`,
    parse: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return {};
      try {
        const said = JSON.parse(stdout) as Record<string, unknown>;
        const text = (value: unknown) => (typeof value === "string" ? value : undefined);
        return { sha256: text(said[field]), error: text(said.error) };
      } catch {
        return { error: "its status file is not JSON" };
      }
    },
  };
}
