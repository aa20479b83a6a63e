import type { Authority } from "./authority.ts";
import type { Connections } from "./connections.ts";
import type { Journal } from "./journal.ts";
import type { Policy } from "./policy.ts";
import type { Network, Pool } from "./upstream.ts";

/** What all parts of the gate share. */
export interface Gate {
  /** The policy in force; replaced as a whole. */
  policy: Policy;
  readonly journal: Journal;
  readonly connections: Connections;
  readonly network: Network;
  readonly pool: Pool;
  readonly authority: Authority;
  /** The inference route's socket. */
  readonly route: string;
  /** Who may use the gate. */
  readonly uids: ReadonlySet<number>;
}
