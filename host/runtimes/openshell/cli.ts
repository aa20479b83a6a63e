import { type Command, quote } from "../../command.ts";
import type { Answer, Question } from "../../question.ts";
import { gatewayName, gatewayPort, paths, user } from "./paths.ts";

/** Folders and keys of OpenShell's programs, as environment variables. */
export const environment = {
  HOME: paths.home,
  XDG_CONFIG_HOME: `${paths.home}/config`,
  XDG_STATE_HOME: `${paths.home}/state`,
  XDG_DATA_HOME: `${paths.home}/data`,
  OPENSHELL_LOCAL_TLS_DIR: paths.keys,
} as const;

/** A program and its arguments, run by root as the gateway's user, with all that OpenShell's programs go by. */
export function asGatewayUser(words: readonly string[]): readonly string[] {
  const settings = Object.entries({ ...environment, OPENSHELL_GATEWAY: gatewayName, NO_COLOR: "1" });
  const variables = settings.map(([name, value]) => `${name}=${value}`);
  return ["runuser", "-u", user, "--", "env", "-C", "/", ...variables, ...words];
}

/** The program itself. */
export const program = `${paths.bin}/openshell`;

/** The words of a call of OpenShell's CLI, run by root: it becomes the gateway's user, whose keys the gateway knows. */
export function openshellWords(words: readonly string[]): readonly string[] {
  return asGatewayUser([program, ...words]);
}

/** A call of OpenShell's CLI as one line of shell. */
export function openshell(...words: readonly string[]): string {
  return openshellWords(words).map(quote).join(" ");
}

/** A call as an error shows it: as a person would type it. */
export function shown(...words: readonly string[]): string {
  return ["openshell", ...words].map(quote).join(" ");
}

/** One call that changes something. */
export function openshellCommand(
  title: string,
  words: readonly string[],
  more: Omit<Command, "title" | "script"> = {},
): Command {
  return { title, script: openshell(...words), shown: shown(...words), ...more };
}

/** What the CLI answered, without colours. It writes some tables and errors to its other output, so both are read. */
export interface Said extends Answer {
  /** Whether the gateway could not be asked at all, which says nothing about what was asked for. */
  readonly unreachable: boolean;
}

/**
 * A test in shell: something listens on the gateway's port and says nothing for so many seconds. The CLI would wait for ever for a
 * process that is stopped, and each of many questions for long.
 */
export const gatewayHangs = (seconds: number): string =>
  `( code=0; curl -sk -m ${seconds} -o /dev/null https://127.0.0.1:${gatewayPort}/ || code=$?; test "$code" = 28 )`;

/** How long a gateway is waited for: for a first word on its port, and for an answer. */
export interface Patience {
  readonly port: number;
  readonly answer: number;
}

/**
 * Of who acts on it that a gateway does not answer: one that is only slow is not silent. With Docker's answer it is within what a
 * look may take.
 */
export const patience: Patience = { port: 15, answer: 50 };

/** Seconds of silence after which a gateway is restarted, which takes every sandbox of the machine along. */
export const longSilence = 60;

/** A question to the gateway. @param patience after which it counts as one that does not answer; else the CLI's own */
export function openshellQuestion<T>(
  words: readonly string[],
  parse: (said: Said) => T,
  patience?: Patience,
): Question<T> {
  const limit = patience === undefined ? "" : `timeout ${patience.answer} `;
  return {
    script: `! ${gatewayHangs(patience?.port ?? 4)} || { echo "the gateway's process is there and does not answer"; exit 124; }
${limit}${openshell(...words)} 2>&1`,
    parse: ({ stdout, exitCode }) => {
      const text = withoutColours(stdout);
      return parse({
        stdout: text,
        exitCode,
        unreachable: exitCode === 124 || (exitCode !== 0 && isUnreachable(text)),
      });
    },
  };
}

/** Not every table of the CLI minds NO_COLOR. */
export function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
  return text.replaceAll(/\u001b\[[0-9;]*m/g, "");
}

function isUnreachable(text: string): boolean {
  return /transport error|client error \(Connect\)|tcp connect error|Connection refused|No such file or directory|No gateway/i.test(
    text,
  );
}
