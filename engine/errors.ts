const howToGetTheCli = "npm i -g pulumi, or https://www.pulumi.com/docs/install/";

/**
 * A failure that is told to the person at the terminal as it is, without a stack.
 *
 * `exitCode` is what the command line ends with: 1 an error, 2 changes where none were expected, 64 wrong usage,
 * 130 cancelled.
 */
export class EngineError extends Error {
  readonly exitCode: number;

  constructor(message: string, options: { exitCode?: 1 | 2 | 64 | 130; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "EngineError";
    this.exitCode = options.exitCode ?? 1;
  }
}

/**
 * Says no to something only the Pulumi CLI can do, and how to get it.
 *
 * @example
 * throw refused("stack references");
 */
export function refused(what: string): EngineError {
  return new EngineError(`the embedded engine does not do ${what}; the Pulumi CLI does (${howToGetTheCli})`);
}

/** The words of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
