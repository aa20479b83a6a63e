import { writeWhole } from "./atomic-file.ts";

/** What the status file says, for whoever asks how the bridge is: the provider, `status`, a person. */
export interface BridgeStatus {
  readonly startedAt: string;
  /** The bot's user name, once Telegram has told it. */
  readonly bot?: string;
  /** The last poll that Telegram answered with 200. */
  readonly lastPollAt?: string;
  /** Absent while all is well. */
  readonly lastError?: string;
  readonly lastErrorKind?: string;
  /** Another poller or a webhook takes the bot's messages; `lastErrorKind` says which. */
  readonly conflict: boolean;
  /** Messages whose answer is not out. */
  readonly queue: number;
  /** Chats on the list. */
  readonly chats: number;
  /** Messages answered since `startedAt`. */
  readonly answered: number;
}

/** Keeps the status file up to date; writing is never waited for, and a file that cannot be written stops nothing. */
export interface Status {
  readonly now: BridgeStatus;
  set(change: Partial<BridgeStatus>): void;
  /** Resolves when the file says what `now` does. */
  flush(): Promise<void>;
}

export function createStatus(path: string, first: BridgeStatus, failed: (message: string) => void): Status {
  let now = first;
  let stale = false;
  let writing: Promise<void> | undefined;
  let complained = false;

  async function write(): Promise<void> {
    while (stale) {
      stale = false;
      try {
        await writeWhole(path, `${JSON.stringify(now)}\n`, 0o644);
      } catch (error) {
        if (!complained) failed(error instanceof Error ? error.message : String(error));
        complained = true;
      }
    }
    writing = undefined;
  }

  return {
    get now() {
      return now;
    },
    set(change) {
      now = { ...now, ...change };
      stale = true;
      writing ??= write();
    },
    async flush() {
      await writing;
    },
  };
}
