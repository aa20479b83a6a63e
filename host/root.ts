import type { Connection, ExecResult } from "./connection.ts";
import { HostError } from "./errors.ts";
import type { Places } from "./places.ts";

/** A command line that reads a script from its standard input and runs it as root. */
export function rootShell(user: string): string {
  return `${sudo(user)}sh -s`;
}

/**
 * The same in a systemd unit of its own, which outlives the connection and can be stopped from another one. Without systemd
 * it is a session of its own, stopped by its process id.
 *
 * The line has neither quotes within quotes nor backslashes, so that every login shell reads it alike.
 */
export function rootUnit(user: string, unit: string, { systemd }: Places): string {
  const run = `systemd-run --wait --pipe --collect --quiet --unit=${unit} -p IgnoreSIGPIPE=no -p TimeoutStopSec=20 sh -s`;
  return `${sudo(user)}sh -c 'test -d ${systemd} && exec ${run}; exec setsid -w sh -s'`;
}

/** Ends what `rootUnit` started; `pid` is that of its shell, if known. */
export function stopScript(unit: string, { systemd }: Places, pid?: number): string {
  return `if test -d ${systemd}; then systemctl stop ${unit}.service; ${pid ? `else kill -TERM -- -${pid};` : ""} fi 2>/dev/null
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
