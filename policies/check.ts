import type { z } from "zod";

/** Something wrong with a part of a policy: where (below the part), what, and what to write. */
export interface Check {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly instead: string;
}

/** Makes a {@link Check}. */
export function check(path: readonly (string | number)[], message: string, instead: string): Check {
  return { path, message, instead };
}

/** Moves checks of a part to where the part stands. */
export function below(path: readonly (string | number)[], checks: Iterable<Check>): Check[] {
  return [...checks].map((found) => ({ ...found, path: [...path, ...found.path] }));
}

/** Makes checks part of a schema: each becomes an issue of its own. */
export function refuse<T>(checks: (value: T) => Iterable<Check>) {
  return (value: T, context: z.RefinementCtx<T>): void => {
    for (const { path, message, instead } of checks(value)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { instead } });
    }
  };
}
