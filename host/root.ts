import type { Connection, ExecResult } from "./connection.ts";
import { HostError } from "./errors.ts";
import type { Places } from "./places.ts";

/** A command line that reads a script from its standard input and runs it as root, ended after so many seconds. */
export function rootShell(user: string, seconds?: number): string {
  return `${sudo(user)}${seconds ? `timeout -k 5 ${seconds} ` : ""}sh -s`;
}

/**
 * A command line that runs a script as root and leaves standard input to it. Whatever is in the script, every login shell
 * reads the line alike.
 */
export function rootLine(user: string, script: string): string {
  return `${sudo(user)}sh -c 'eval "$(printf %s ${Buffer.from(script).toString("base64")} | base64 -d)"'`;
}

/**
 * The same in a systemd unit of its own, which outlives the connection and can be stopped from another one. Without systemd
 * it is a session of its own, known by the name it is given.
 *
 * The line has neither quotes within quotes nor backslashes, so that every login shell reads it alike.
 */
export function rootUnit(user: string, unit: string, { systemd }: Places): string {
  const run = `systemd-run --wait --pipe --collect --quiet --unit=${unit} -p IgnoreSIGPIPE=no -p TimeoutStopSec=20 sh -s`;
  return `${sudo(user)}sh -c 'test -d ${systemd} && exec ${run}; exec setsid -w sh -s ${unit}'`;
}

/** Ends what `rootUnit` started. */
export function stopScript(unit: string, { systemd }: Places): string {
  // Without a unit, all processes of the session whose first one was given the unit's name: timeout makes a process group of
  // its own for each command.
  return `main() {
if test -d ${systemd}; then
  systemctl stop ${unit}.service
else
  found=
  for each in /proc/[0-9]*/stat; do
    line=$(cat "$each") || continue
    process=\${each#/proc/}
    set -- \${line##*) }
    ! grep -q ${unit} "/proc/$4/cmdline" || found="$found \${process%/stat}"
  done
  test -z "$found" || kill -TERM $found
fi
}
main 2>/dev/null
exit 0
`;
}

function sudo(user: string): string {
  return user === "root" ? "" : "sudo -n ";
}

/**
 * Tells a sudo that will not run anything from a command that failed.
 *
 * @throws HostError of kind `sudo`
 */
export function checkSudo(connection: Connection, user: string, { stderr, exitCode }: ExecResult): void {
  if (user === "root" || exitCode === 0) return;
  const said = stderr.split("\n").find((line) => /^sudo: |is not in the sudoers|sudo: (command )?not found/.test(line));
  if (!said) return;
  throw new HostError("sudo", {
    summary: `${connection.where} does not let ${user} run commands as root without a password`,
    ran: "sudo -n sh",
    exitCode,
    said,
    try: `on the machine: echo "${user} ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/nemoclaw`,
  });
}
