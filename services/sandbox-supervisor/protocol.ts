/** Why a turn or a command gave no answer. */
export type FaultKind =
  /** The agent is not there: it starts, it stops, or it has just ended. */
  | "agent-down"
  /** The deadline passed. */
  | "timeout"
  /** The model could not be asked, or gave no usable answer. */
  | "inference"
  /** Too many turns wait already. */
  | "busy"
  /** The request itself is wrong. */
  | "invalid"
  /** The agent refused or failed for a reason of its own. */
  | "agent";

/** A failure with a reason that a person can read. */
export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
}

export interface TurnAnswer {
  readonly text: string;
  /** The model that really answered, as the upstream named it. */
  readonly model: string;
  readonly sessionId: string;
}

export interface ExecAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether output was cut off. */
  readonly truncated: boolean;
}

/** A terminal that somebody sits at. */
export interface Terminal {
  /** As in TERM: `xterm-256color`. */
  readonly name: string;
  readonly columns: number;
  readonly rows: number;
}

/** What a program inside gets from somebody who is connected to it. `data` is base64. */
export type SessionOrder =
  | { readonly id: string; readonly op: "open"; readonly argv: readonly string[]; readonly terminal?: Terminal }
  | { readonly id: string; readonly op: "input"; readonly data: string }
  /** No more input. */
  | { readonly id: string; readonly op: "end" }
  | { readonly id: string; readonly op: "resize"; readonly columns: number; readonly rows: number }
  /** So many bytes of its output were passed on. */
  | { readonly id: string; readonly op: "taken"; readonly bytes: number }
  /** Nobody is connected any more. */
  | { readonly id: string; readonly op: "close" };

/** What goes to the first program inside, one JSON line each. */
export type Order =
  | SessionOrder
  | {
      readonly id: string;
      readonly op: "turn";
      readonly session: string;
      readonly message: string;
      readonly timeoutSeconds: number;
    }
  | { readonly id: string; readonly op: "exec"; readonly argv: readonly string[]; readonly timeoutSeconds: number }
  | { readonly op: "stop" };

/** What comes from it. All of it is the agent's word: whatever runs inside could have written it. */
export type Report =
  | { readonly event: "started"; readonly gatewayPid: number }
  | { readonly event: "ready"; readonly seconds: number }
  | { readonly event: "warm"; readonly seconds: number; readonly problem?: string }
  | { readonly event: "lost"; readonly reason: string }
  | { readonly event: "log"; readonly line: string }
  | { readonly id: string; readonly answer: TurnAnswer | ExecAnswer | { readonly exitCode: number } }
  | { readonly id: string; readonly output: "stdout" | "stderr"; readonly data: string }
  /** So many bytes of input were passed on. */
  | { readonly id: string; readonly taken: number }
  | { readonly id: string; readonly fault: Fault };

export const defaultTurnSeconds = 300;
/** Longer than OpenClaw's own retries of an upstream that fails. */
export const mostTurnSeconds = 900;
export const mostExecSeconds = 600;
/** How much may be under way to either side of a session. */
export const mostUnread = 256 * 1024;
export const mostMessageBytes = 1024 * 1024;
/** Longest line either way, on every socket and pipe. */
export const mostLineBytes = 4 * 1024 * 1024;

/** A session's key: kept in the agent's state, so it must not change its meaning there. */
export const sessionPattern = /^[a-z0-9][a-z0-9:._-]{0,127}$/;
