import { isCancelled } from "../host/errors.ts";
import { messageOf } from "./message-of.ts";
import { namesOf } from "./sandbox-names.ts";
import type { Standing } from "./stack-command.ts";
import { recordInState } from "./state-record.ts";
import { plainText } from "./terminal-text.ts";

/** What came of it in one sandbox. */
export type Outcome<T> = {
  readonly standing: Standing;
  readonly sandbox: string;
  /** `prod`, or `prod, sandbox second` where the stack has several. */
  readonly who: string;
} & ({ readonly did: T } | { readonly failed: unknown });

/**
 * Does something to every sandbox of a stack, on all its machines at once. On one machine it is one after another: whoever acts there holds
 * its lock, and what is asked of it together must be answered together in time. What fails in one keeps no other from it.
 *
 * @throws what failed in the only one, and a cancellation
 */
export async function inEachSandbox<T>(
  stack: string,
  standings: readonly Standing[],
  work: (standing: Standing, who: string) => Promise<T>,
): Promise<Outcome<T>[]> {
  const names = namesOf(standings);
  const before = new Map<string, Promise<unknown>>();
  const outcomes = await Promise.all(
    standings.map((standing, at): Promise<Outcome<T>> => {
      const sandbox = names[at] as string;
      const who = standings.length === 1 ? stack : `${stack}, sandbox ${sandbox}`;
      const known = { standing, sandbox, who };
      const outcome = (before.get(standing.machine.id) ?? Promise.resolve())
        .then(() => work(standing, who))
        .then(
          (did) => ({ ...known, did }),
          (failed: unknown) => ({ ...known, failed }),
        );
      before.set(standing.machine.id, outcome);
      return outcome;
    }),
  );
  const failures = outcomes.flatMap((one) => ("failed" in one ? [one.failed] : []));
  const cancelled = failures.find(isCancelled);
  if (cancelled !== undefined) throw cancelled;
  if (standings.length === 1 && failures.length > 0) throw failures[0];
  return outcomes;
}

/**
 * Tells in which sandboxes it failed, and takes what came of the others into the stack's state.
 *
 * @param next said where that was possible
 * @returns an exit code: 0, or 1 where something failed
 */
export async function settle(stack: string, outcomes: readonly Outcome<unknown>[], next?: string): Promise<number> {
  const failed = tellFailures(outcomes);
  const done = outcomes.filter((one) => "did" in one);
  if (done.length === 0) return 1;
  const problem = await recordInState(
    stack,
    done.map(({ standing }) => standing),
  );
  const said = problem ?? next;
  if (said) console.error(plainText(said));
  return problem || failed > 0 ? 1 : 0;
}

/** Tells in which sandboxes it failed. @returns in how many */
export function tellFailures(outcomes: readonly Outcome<unknown>[]): number {
  const failed = outcomes.filter((one) => "failed" in one);
  for (const one of failed) console.error(plainText(`${one.who}: ${messageOf(one.failed)}`));
  return failed.length;
}
