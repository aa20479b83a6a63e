import type { ApplyProgress } from "./apply-progress.ts";
import { defaultTimeoutSeconds } from "./apply-script.ts";
import type { Command } from "./command.ts";
import { HostError } from "./errors.ts";
import type { Machine } from "./machine.ts";

/** Exit codes of a script that found a download to be another than the pinned one; see `verified-download.ts`. */
export const integrityExitCode = 219;

/** In the kernel's words, npm's, apt's, and those of programs that know no more than that they could not write: curl and dash. */
const diskFull =
  /no space left on device|disk quota exceeded|ENOSPC|don't have enough free space|curl: \(23\)|(echo|printf): I\/O error/i;

/** Words a command's failure for the person who has to do something about it. */
export function explainFailure(
  machine: Machine,
  what: string,
  commands: readonly Command[],
  failed: NonNullable<ApplyProgress["failed"]>,
): HostError {
  const command = commands[failed.n] as Command;
  const limit = command.timeoutSeconds ?? defaultTimeoutSeconds;
  const common = { ran: shownOf(command), exitCode: failed.exitCode, said: failed.said };

  // timeout(1) says 124, or 137 when the command had to be killed; a command of its own may say so earlier.
  if ((failed.exitCode === 124 || failed.exitCode === 137) && failed.seconds > limit * 0.9) {
    return new HostError("timeout", {
      ...common,
      summary: `${what} on ${machine.address}: ${command.title} did not end within ${limit} s and was stopped`,
      try: command.try ?? "run the same again: it goes on from here",
    });
  }
  if (failed.exitCode === integrityExitCode) {
    return new HostError("integrity", {
      ...common,
      summary: `${what} on ${machine.address}: what was downloaded is not what is pinned; nothing was installed`,
      try: "check the mirror; refresh the lock file only if the publisher announced the new file",
    });
  }
  if (diskFull.test(failed.said)) {
    return new HostError("command", {
      ...common,
      summary: `${what} on ${machine.address}: the disk is full (${command.title})`,
      try: "on the machine: df -h; make room, then run the same again: it goes on from here",
    });
  }
  return new HostError("command", {
    ...common,
    summary: `${what} on ${machine.address}: ${command.title} failed`,
    try: command.tryAfter?.(failed.said) ?? command.try,
  });
}

/** The script as errors show it: the first lines of it, aligned with what stands around them. */
export function shownOf({ script, shown = script }: Command): string {
  const lines = shown.trim().split("\n");
  return [...lines.slice(0, 8), ...(lines.length > 8 ? ["…"] : [])].join("\n        ");
}

/** Adds to a lost or cancelled connection what was being done; any other error stays as it is. */
export function lostDuring(
  error: unknown,
  { where, what, unit, running }: { where: string; what: string; unit: string; running: Command | undefined },
): unknown {
  if (!(error instanceof HostError)) return error;
  const doing = running ? `${what}: ${running.title}` : what;
  if (error.kind === "unreachable") {
    return new HostError("unreachable", {
      summary: `the connection to ${where} was lost during ${doing}`,
      ran: running && shownOf(running),
      said: error.details.said,
      try: "run the same again: the machine finishes what was begun, and the run goes on from there",
      cause: error,
    });
  }
  if (error.kind === "cancelled") {
    return new HostError("cancelled", { summary: `cancelled during ${doing}; stopped on ${where}`, cause: error });
  }
  if (error.kind === "timeout" && error.details.ran?.includes(unit)) {
    return new HostError("timeout", {
      summary: `${doing} did not end in time on ${where} and was stopped`,
      ran: running && shownOf(running),
      try: running?.try,
      cause: error,
    });
  }
  return error;
}
