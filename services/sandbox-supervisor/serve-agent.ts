import type { Server } from "node:net";
import { serveControl, serveTurns } from "./sockets.ts";
import { serveStatusPage } from "./status-page.ts";
import type { Tree } from "./tree.ts";
import { type Explain, Turns } from "./turns.ts";

export interface Served {
  readonly sandbox: string;
  readonly agentVersion: string;
  /** When this run started, in ISO 8601. */
  readonly startedAt: string;
  /** The agent, or what stands between us and it. */
  readonly tree: Pick<Tree, "ready" | "agentPid" | "turn" | "exec" | "open">;
  readonly sockets: { readonly turns: string; readonly control: string };
  readonly statusPort: number;
  /** What is known outside about a failed turn. Default: nothing. */
  readonly explain?: Explain;
  /** Whose members may send turns: `turnsGroup`; our own group when it is undefined. */
  readonly group: string | undefined;
}

/** Serves an agent to the machine: the turn socket, the control socket and the status page. */
export async function serveAgent(served: Served): Promise<Readonly<Record<"control" | "turns" | "page", Server>>> {
  const { sandbox, agentVersion, startedAt, tree, sockets, statusPort, explain, group } = served;
  const turns = new Turns((session, message, seconds) => tree.turn(session, message, seconds), explain);
  const status = () => ({ sandbox, agentVersion, ready: tree.ready, startedAt, lastModel: turns.lastModel });
  const full = () => ({ ...status(), lastModelAt: turns.lastModelAt, agentPid: tree.agentPid() ?? null });
  return {
    control: await serveControl(sockets.control, { tree, status: full }),
    turns: await serveTurns(sockets.turns, turns, group),
    page: await serveStatusPage(statusPort, status),
  };
}
