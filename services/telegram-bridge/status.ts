import { writeAtomically } from "../atomic-file.ts";

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
  /** Messages since `startedAt` of whose answer anything went out. */
  readonly answered: number;
}

/** Keeps the status file up to date. */
export interface Status {
  readonly now: BridgeStatus;
  /** Writes the change at once; a file that cannot be written is told to `failed` and stops nothing. */
  set(change: Partial<BridgeStatus>): void;
}

export function createStatus(path: string, first: BridgeStatus, failed: (message: string) => void): Status {
  let now = first;
  return {
    get now() {
      return now;
    },
    set(change) {
      now = { ...now, ...change };
      try {
        writeAtomically(path, `${JSON.stringify(now)}\n`, 0o644);
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error));
      }
    },
  };
}
