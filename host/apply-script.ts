import { type Command, quote } from "./command.ts";
import { searchPath } from "./look-script.ts";
import type { Places } from "./places.ts";
import { Sensitive } from "./sensitive.ts";

/** Seconds a command may take when it does not say. */
export const defaultTimeoutSeconds = 300;

/**
 * One shell script that runs commands in order and stops at the first that fails. It says on its standard output
 * for each command `<mark> begin <n>` and `<mark> end <n> <exit code> [<base64 of its last output>]`.
 *
 * All of it is one function, called on the last line: a script cut short by a lost connection does nothing at all.
 * The commands write to a file and not to the connection, so that losing it does not break them half-way.
 */
export function applyScript(mark: string, commands: readonly Command[], { scratch }: Places): string {
  const steps = commands.map((command, n) => {
    const seconds = command.timeoutSeconds ?? defaultTimeoutSeconds;
    return `printf '%s\\n' ${quote(command.script)} >"$dir/${n}"
${feed(command.stdin)} step ${n} ${seconds} || exit 1`;
  });
  return `main() {
set -e
umask 022
${searchPath}
HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
export HOME LC_ALL DEBIAN_FRONTEND
cd /
dir=$(mktemp -d ${quote(`${scratch}/nemoclaw-apply.XXXXXX`)})
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' TERM INT HUP
${steps.join("\n")}
}
say() { ( trap '' PIPE; printf '%s\\n' "${mark} $*" ) 2>/dev/null || :; }
step() {
  say begin "$1"
  if timeout -k 10 "$2" sh -eu "$dir/$1" >"$dir/out" 2>&1; then
    say end "$1" 0
  else
    code=$?
    say end "$1" "$code" "$(tail -c 16000 "$dir/out" | base64 | tr -d '\\n')"
    return 1
  fi
}
main </dev/null
`;
}

/** One command on its own, whose output and exit code are the script's; `<mark>` on standard error says that it was begun. */
export function runScript(mark: string, command: Command): string {
  const seconds = command.timeoutSeconds ?? defaultTimeoutSeconds;
  return `main() {
${searchPath}
HOME=/root LC_ALL=C.UTF-8
export HOME LC_ALL
cd /
printf '%s\\n' ${mark} >&2
${feed(command.stdin)} timeout -k 10 ${seconds} sh -eu -c -- ${quote(command.script)}
}
main </dev/null
`;
}

/** The bytes a command is given, without those of a string or a secret being kept as text. */
export function bytesOf(stdin: NonNullable<Command["stdin"]>): Buffer {
  if (stdin instanceof Sensitive) return Buffer.from(stdin.reveal(), "utf8");
  return typeof stdin === "string" ? Buffer.from(stdin, "utf8") : Buffer.from(stdin);
}

// printf is built into sh: what it is given is in no process list.
function feed(stdin: Command["stdin"]): string {
  if (stdin === undefined) return "";
  return `printf %s ${quote(bytesOf(stdin).toString("base64"))} | base64 -d |`;
}
