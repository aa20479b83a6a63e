import { quote } from "../command.ts";
import type { Question } from "../question.ts";
import { absolute } from "./file-facts.ts";

/** What a text file says, to the last newline; undefined when there is none. Never ask this of a secret. */
export function textFacts(path: string): Question<string | undefined> {
  return {
    script: `test -f ${quote(absolute(path))} || exit 1\ncat -- ${quote(path)}`,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout : undefined),
  };
}

/** What a configuration file on a machine says, or what is wrong with it: an edit by hand must show, not stop a refresh. */
export function observedJson(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  return { unreadable: "the file on the machine is not JSON" };
}

/**
 * A secret whose file on the machine may differ: the wanted one when the file holds it, else a mark that makes the
 * difference show. The secret itself is never read back.
 */
export function observedSecret<T extends string | undefined>(wanted: T, held: boolean): T | "differs on the machine" {
  return held ? wanted : "differs on the machine";
}
