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
