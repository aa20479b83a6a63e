import { asGatewayUser, program } from "./cli.ts";
import { lines } from "./dialect.ts";

const cases = lines.flatMap(({ plainExec }) =>
  plainExec ? [`"openshell "${plainExec.versions}) plain=${plainExec.flag} ;;`] : [],
);

/** Asks `$0` which release it is, so that no login shell is put around a command where it would do that. */
const script = `plain=; case "$("$0" --version)" in ${cases.join(" ")} esac
tty=$1 name=$2; shift 2
exec "$0" sandbox exec "$tty" $plain -n "$name" -- "$@"`;

/** The words that run a command inside a sandbox, by the release that the machine has. */
export function execWords(sandbox: string, words: readonly string[], { terminal = false } = {}): readonly string[] {
  return asGatewayUser(execCall(program, sandbox, words, terminal));
}

/** The same for who is the gateway's user already, of a given program. */
export function execCall(openshell: string, sandbox: string, words: readonly string[], terminal: boolean): string[] {
  return ["sh", "-c", script, openshell, terminal ? "--tty" : "--no-tty", sandbox, ...words];
}
