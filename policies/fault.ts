/** Something in a file or in the configuration that cannot be taken as it is, for the person who wrote it. */
export interface Fault {
  /** Property path: `network_policies.github.endpoints[0].access`; empty for the whole. */
  readonly path: string;
  /** What is wrong, and what was expected. */
  readonly message: string;
  /** What to write instead. */
  readonly instead?: string;
  readonly file?: string;
  /** Counted from 1, as are columns. */
  readonly line?: number;
  readonly column?: number;
}

/**
 * A fault in two or three lines, the first one clickable in most terminals.
 *
 * @example
 * policy.yaml:7:15  network_policies.github.endpoints[0].access
 *   "read-olny" is not one of read-only, read-write, full
 *   instead: read-only
 */
export function printFault({ file, line, column, path, message, instead }: Fault): string {
  const place = file === undefined ? "" : [file, line, column].filter((part) => part !== undefined).join(":");
  const head = [place, path].filter((part) => part !== "").join("  ");
  return [head, `  ${message}`, ...(instead === undefined ? [] : [`  instead: ${instead}`])]
    .filter((text) => text !== "")
    .join("\n");
}
