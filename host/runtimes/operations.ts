import type { Owner } from "../machine.ts";
import type { Questions } from "../question.ts";
import type { Move, Step } from "../step.ts";
import type { LogSource } from "./log-source.ts";

/** How a sandbox is, by the word of what runs in and around it. What does not answer is absent, never an error. */
export interface SandboxReport {
  readonly agent?: {
    readonly ready: boolean;
    readonly version?: string;
    /** As the machine counts. */
    readonly pid?: number;
    readonly startedAt?: string;
    /** The model that gave the latest answer. */
    readonly lastModel?: string;
    /** When the turn of that answer began, in ISO 8601. */
    readonly lastModelAt?: string;
  };
  /** Whether what the agent runs in is up; absent where units say it, `unknown` where nobody did who could. */
  readonly sandboxRuns?: boolean | "unknown";
  /** The model that requests go to now. */
  readonly model?: string;
  /** Digests of the network policy on the machine and of the one that is enforced. */
  readonly policy: { readonly file?: string; readonly inForce?: string };
  /** What the services say is wrong, each a sentence. */
  readonly errors: readonly string[];
}

/** A request of the agent's that waits for a person. */
export interface Approval {
  readonly id: string;
  /** What it asks for, in one line. */
  readonly asks: string;
}

/** What waits for a person, or why that could not be read: nothing waits only where somebody said so. */
export type Approvals = readonly Approval[] | { readonly unreadable: string };

/** How a sandbox is taken down and up again, at once. */
export interface Power {
  /** Nothing of it runs: all that the runtime starts for it. Its remarks say when that goes another way than usual. */
  readonly down: Step<unknown>;
  /** Each of its commands may be run again and says when it did not work. */
  readonly up: Move<unknown>;
}

/** What people do with a sandbox that stands; each runtime has its own way. */
export interface Operations {
  /** The systemd units of a sandbox, without bridge and tunnel, in the order in which they start: part to unit. */
  units(sandbox: string): Readonly<Record<string, string>>;
  /** Only where a runtime's own parts write elsewhere than in the machine's journal: part to log. */
  logs?(sandbox: string): Readonly<Record<string, LogSource>>;
  /** Only where others may make sandboxes, too: its plan throws for one of theirs, and changes nothing. */
  ours?(sandbox: string, owner: Owner): Step<unknown>;
  power(sandbox: string, owner: Owner): Power;
  /**
   * A program on the machine, for root, that runs a command inside on its own streams and ends with the command's exit code, as
   * `ssh` does. With `terminal` its standard input is a terminal, and the command gets one.
   */
  attach(sandbox: string, argv: readonly string[], terminal: boolean): readonly string[];
  /** Shell that holds everything inside still, so that its files can be copied as of one moment, and lets it go on. */
  freeze(sandbox: string): { readonly hold: string; readonly release: string };
  report(sandbox: string, owner: Owner): Questions<SandboxReport>;
  /** Only where a runtime lets the agent ask for more than its policy gives. */
  approvals?(sandbox: string): Questions<Approvals>;
}
