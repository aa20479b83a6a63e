import { type Command, quote } from "../command.ts";

/** Stops units, in this order, and waits until they are down. */
export function stopUnits(units: readonly string[]): Command {
  return {
    title: `stop ${units.join(", ")}`,
    script: units.map((unit) => `systemctl stop -- ${quote(unit)}`).join("\n"),
    timeoutSeconds: 60 * units.length + 30,
    try: "on the machine: systemctl status 'nemoclaw-*'",
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
