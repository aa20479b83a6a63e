import { type Command, quote } from "../command.ts";
import type { Step } from "../step.ts";

/** Stops units, in this order, and waits until they are down. */
export function stopUnits(units: readonly string[]): Command {
  return {
    title: `stop ${units.join(", ")}`,
    script: units.map((unit) => `systemctl stop -- ${quote(unit)}`).join("\n"),
    timeoutSeconds: 60 * units.length + 30,
    try: "on the machine: systemctl status 'nemoclaw-*'",
  };
}

/** What systemd says of units, by their names. */
export type ActiveFacts = Readonly<Record<string, string>>;

/** None of these units runs. They are stopped in this order; one that systemd says nothing of is stopped, too. */
export function ensureStoppedUnits(units: readonly string[]): Step<ActiveFacts> {
  const runs = (state = "") => !["inactive", "failed", "unknown"].includes(state);
  return {
    name: `stopped: ${units.join(", ")}`,
    facts: {
      script: `systemctl is-active -- ${units.map(quote).join(" ")}`,
      parse({ stdout }) {
        const states = stdout.split("\n");
        return Object.fromEntries(units.map((unit, at) => [unit, states[at] ?? ""]));
      },
    },
    plan(now) {
      const left = units.filter((unit) => runs(now[unit]));
      return left.length > 0 ? [stopUnits(left)] : [];
    },
  };
}

/** Starts units, in this order, and waits for each until it is up; one that runs already is left alone. */
export function startUnits(units: readonly string[], hint: string): Command {
  return {
    title: `start ${units.join(", ")}`,
    script: `start() {
  systemctl reset-failed -- "$1" 2>/dev/null || :
  systemctl start -- "$1" && systemctl -q is-active -- "$1" && return
  echo "$1 is $(systemctl is-active -- "$1" || :)"
  journalctl --no-pager --namespace='*' -o cat -n 20 -u "$1"
  exit 1
}
${units.map((unit) => `start ${quote(unit)}`).join("\n")}`,
    shown: units.map((unit) => `systemctl start ${unit}`).join("\n"),
    timeoutSeconds: 300 * units.length,
    try: hint,
  };
}
