import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import { hideSecrets } from "./cloud-init-log.ts";

/** How far a machine's first boot is, in cloud-init's own words. */
export interface CloudInitStatus {
  /** `absent` where there is no cloud-init, or it is switched off. `restarting`: done, and about to go down once more. */
  readonly status: "absent" | "running" | "restarting" | "done" | "error";
  /** What it works on, or what went wrong. */
  readonly detail: string;
  /** Complaints that did not stop it. */
  readonly warnings: readonly string[];
  /** The last lines of its log, secrets taken out. */
  readonly log: string;
}

const logPath = "/var/log/cloud-init-output.log";

/**
 * Waits for cloud-init for so long at most, then says how far it is. A question in form, a wait in fact: the machine answers
 * at once when it is over, and nobody asks in vain meanwhile.
 */
export function awaitCloudInit(seconds: number): Command {
  return {
    title: "wait for cloud-init",
    script: `command -v cloud-init >/dev/null 2>&1 || { echo 'status: absent'; exit 0; }
timeout ${seconds} cloud-init status --wait >/dev/null 2>&1 || :
${ask}`,
    shown: "cloud-init status --wait",
    timeoutSeconds: seconds + 60,
    try: "on the machine: cloud-init status --long",
  };
}

// What stands before the mark is cloud-init's own; every release in use understands `--long`.
const ask = `cloud-init status --long 2>/dev/null || echo "exit: $?"
if test -e /run/systemd/shutdown/scheduled || test "$(systemctl is-system-running 2>/dev/null)" = stopping; then
  echo 'restarting: yes'
fi
echo '--- log'
tail -n 25 ${logPath} 2>/dev/null || :`;

/** Reads what `cloud-init status --long` and the log said. */
export function readCloudInit(text: string): CloudInitStatus {
  const [said = "", log = ""] = text.split("--- log\n");
  const value = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(said)?.[1]?.trim() ?? "";
  const list = (name: string) => items(below(said, name));
  const errors = list("errors");
  const state = value("status");
  const common = { log: hideSecrets(log.trim()), warnings: [...list("recoverable_errors"), ...errors] };
  const detail = hideSecrets([value("detail"), ...items(below(said, "detail"))].filter(Boolean).join("\n"));
  // Exit code 2 is what went wrong and was got over: the machine is usable.
  const recovered = /^exit: 2$/m.test(said);
  if (state === "absent" || state === "disabled") return { status: "absent", detail, ...common, warnings: [] };
  if (state === "error" && !recovered) return { status: "error", detail: [detail, ...errors].join("\n"), ...common };
  if (/^restarting: yes$/m.test(said)) return { status: "restarting", detail, ...common };
  if (state === "done" || recovered) return { status: "done", detail, ...common };
  // Anything else, no answer at all among it, is a machine that has not come so far yet.
  return { status: "running", detail, ...common };
}

/** The error of a first boot that failed, in cloud-init's words. */
export function cloudInitFailure({ detail, log }: CloudInitStatus, address: string): HostError {
  return new HostError("command", {
    summary: `the first boot of ${address} failed: cloud-init ended with an error`,
    ran: "cloud-init status --long",
    said: `${detail}\n${logPath}:\n${log.split("\n").slice(-14).join("\n")}`,
    try: "correct what it says, then replace the machine, since cloud-init runs once; or mend it by hand and run `cloud-init clean --logs --reboot` on it",
  });
}

// Releases differ in whether a value stands beside its name or on the lines below it, which no name in lower case begins.
function below(said: string, name: string): string {
  return new RegExp(`^${name}:[^\\n]*\\n((?:(?![a-z_]+:).*\\n)*)`, "m").exec(said)?.[1] ?? "";
}

function items(block: string): string[] {
  return block
    .split("\n")
    .map((line) => hideSecrets(line.trim().replace(/^-\s*/, "")))
    .filter((line) => line && !/^[A-Z]+:$/.test(line));
}
