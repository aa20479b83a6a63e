/** One line of the log, whoever wrote it. */
export interface LogEntry {
  /** ISO 8601, UTC, as the machine has it. */
  readonly at: string;
  /** `agent`, `gate`, `bridge` and so on. */
  readonly part: string;
  /** Whose part, of a stack that has several sandboxes; what they share is nobody's. */
  readonly sandbox?: string;
  readonly level: "error" | "warn" | "info";
  /** Something that was refused. */
  readonly denied: boolean;
  /** For people. */
  readonly text: string;
  /** What a service of ours wrote, where it did. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** What of a log is asked for. */
export interface LogWanted {
  /** Go on as it is written. */
  readonly follow: boolean;
  /** How many of the last lines to begin with. */
  readonly lines: number;
  /** Not what is older, in the words that systemd has for a time: `10 min ago`. */
  readonly since?: string | undefined;
  /** Only what was refused; what is written may be more. */
  readonly denials: boolean;
  /** Whether it is to be told where what is new begins: by a line `backlog N`, behind which N more lines are of before. */
  readonly counted?: boolean;
}

/** A log on the machine. */
export interface LogSource {
  /** Shell for root that writes it in lines, and ends with 1 and no word when there are none. */
  script(wanted: LogWanted): string;
  /** Reads one of them; nothing where it is no entry. */
  read(line: string): LogEntry | undefined;
}
