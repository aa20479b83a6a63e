import { z } from "zod";
import { type Command, quote } from "./command.ts";
import type { Question } from "./question.ts";
import { writeFile } from "./steps/managed-file.ts";

/** Who took an environment down on purpose, when, and why. */
export interface Stopped {
  /** `anna@laptop` */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly why?: string;
}

const schema = z.object({ by: z.string(), since: z.string(), why: z.string().optional() });

/**
 * Where it is written on the machine that an environment is stopped on purpose. Every unit of a sandbox has a condition on
 * this file, so a reboot does not start it either.
 */
export function stoppedPath(sandbox: string): string {
  return `/etc/nemoclaw/${sandbox}/stopped`;
}

/** Whether an environment is stopped on purpose. A mark that cannot be read is one all the same. */
export function stoppedFacts(sandbox: string): Question<Stopped | undefined> {
  return {
    script: `cat -- ${quote(stoppedPath(sandbox))}`,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? readMark(stdout) : undefined),
  };
}

function readMark(text: string): Stopped {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return { by: "somebody", since: "an unknown time", why: "the mark on the machine cannot be read" };
  }
}

/** What a state says in `stopped`: who stopped it, or `no`. */
export function stoppedFrom(value: unknown): Stopped | undefined {
  return schema.safeParse(value).data;
}

/** Marks an environment as stopped on purpose; what runs goes on until it is stopped too. */
export function markStopped(sandbox: string, stopped: Stopped): Command {
  return writeFile({ path: stoppedPath(sandbox), content: `${JSON.stringify(stopped)}\n` });
}

/** Takes the mark away; what is down stays down until it is started too. */
export function unmarkStopped(sandbox: string): Command {
  const path = stoppedPath(sandbox);
  return { title: `remove ${path}`, script: `rm -f -- ${quote(path)}` };
}

/** In words for a person: `stopped on purpose by anna@laptop since 2026-11-22T21:04:05Z: saving money`. */
export function describeStopped({ by, since, why }: Stopped): string {
  return `stopped on purpose by ${by} since ${since}${why === undefined ? "" : `: ${why}`}`;
}
