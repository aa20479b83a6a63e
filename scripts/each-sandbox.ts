import { isCancelled } from "../host/errors.ts";
import { namesOf } from "./sandbox-names.ts";
import type { Standing } from "./stack-command.ts";

/** What came of it in one sandbox. */
export type Outcome<T> = {
  readonly standing: Standing;
  readonly sandbox: string;
  /** `prod`, or `prod, sandbox second` where the stack has several. */
  readonly who: string;
} & ({ readonly did: T } | { readonly failed: unknown });

/**
 * Does something to every sandbox of a stack at once. What fails in one keeps no other from it.
 *
 * @throws what failed in the only one, and a cancellation
 */
export async function inEachSandbox<T>(
  stack: string,
  standings: readonly Standing[],
  work: (standing: Standing, who: string) => Promise<T>,
): Promise<Outcome<T>[]> {
  const names = namesOf(standings);
  const outcomes = await Promise.all(
    standings.map(async (standing, at): Promise<Outcome<T>> => {
      const sandbox = names[at] as string;
      const who = standings.length === 1 ? stack : `${stack}, sandbox ${sandbox}`;
      const known = { standing, sandbox, who };
      return work(standing, who).then(
        (did) => ({ ...known, did }),
        (failed: unknown) => ({ ...known, failed }),
      );
    }),
  );
  const failures = outcomes.flatMap((one) => ("failed" in one ? [one.failed] : []));
  const cancelled = failures.find(isCancelled);
  if (cancelled !== undefined) throw cancelled;
  if (standings.length === 1 && failures.length > 0) throw failures[0];
  return outcomes;
}

/** What failed, for a person, by the sandbox in which it did. */
export function failuresIn(outcomes: readonly Outcome<unknown>[]): string[] {
  return outcomes.flatMap((one) => ("failed" in one ? [`${one.who}: ${wordsOf(one.failed)}`] : []));
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
