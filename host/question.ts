/** What a question's script said: its standard output and exit code. */
export interface Answer {
  readonly stdout: string;
  readonly exitCode: number;
}

/**
 * One thing to find out about a machine. `script` is POSIX shell, run as root, and only ever reads. Questions are data, so
 * that those of many resources go to the machine in one round trip.
 */
export interface Question<T> {
  readonly script: string;
  readonly parse: (answer: Answer) => T;
}

/** The questions behind some facts, in the same shape as the facts themselves. */
export type Questions<F> = Question<F> | { readonly [K in keyof F]: Questions<F[K]> };
