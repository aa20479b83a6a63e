import type { PolicySource } from "../policy-source.ts";

/** What a change of access does. What cannot be decided counts as `widens`. */
export type Effect = "widens" | "narrows" | "neutral";

/** One difference in what the agent may do. */
export interface AccessChange {
  readonly area: "network" | "disk" | "identity" | "enforcement";
  readonly effect: Effect;
  /** False: it cannot be told whether this opens anything, so it is taken to. */
  readonly comparable: boolean;
  /** What is gained, lost or changed: `POST /api/**`, `/data: read and write`. */
  readonly what: string;
  /** On which host and ports: `api.example.com:443`. */
  readonly where?: string;
  /** For which programs; nothing means every program in the sandbox. */
  readonly programs?: readonly string[];
  /** What it was before, or why it changes. */
  readonly note?: string;
  /** A request that is decided otherwise now. */
  readonly example?: string;
  /** The blocks of the policy it comes from, and where those come from. */
  readonly blocks: readonly string[];
  readonly sources: readonly PolicySource[];
  /** The requests it is about, for whoever filters. `*` among the methods is every other method. */
  readonly requests?: {
    readonly host?: string;
    readonly ports: readonly number[];
    readonly methods: readonly string[];
    readonly path?: string;
  };
}

/** Everything that differs between two policies in what they let the agent do. */
export interface PolicyDiff {
  readonly changes: readonly AccessChange[];
  /** Whether any change widens access, the ones that cannot be compared among them. */
  readonly widens: boolean;
}
