/** How a command reaches the person: lines for reading, data for other programs, and the wish to stop. */
export interface Terminal {
  /** Lines for a person; on standard error when standard output carries data. */
  readonly say: (line: string) => void;
  /** Data; always on standard output. */
  readonly print: (text: string) => void;
  readonly cancelled: AbortSignal;
}
