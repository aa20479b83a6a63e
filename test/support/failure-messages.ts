import { expect } from "vitest";
import type { Finished } from "../../scripts/run-program.ts";

/** The messages of the resources that failed in an engine's output, also within a script's, each with all its lines. */
export function failureMessages(output: string): string[] {
  const found = output.matchAll(/^( +)error: (nemoclaw:\S+ \S+: .*(?:\n\1 {2,}.*)*)/gm);
  return [...found].map(([, , message = ""]) => message);
}

/** The one message of a run that failed. */
export function oneMessage({ exitCode, stdout, stderr }: Finished): string {
  const output = stdout + stderr;
  expect(exitCode, output).not.toBe(0);
  const messages = failureMessages(output);
  expect(messages, output).toHaveLength(1);
  return messages[0] ?? "";
}
