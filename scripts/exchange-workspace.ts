import type { Command } from "../host/command.ts";
import { HostError, isCancelled } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import { dropUnpacked, swapWorkspace } from "./workspace-scripts.ts";

export interface WorkspaceExchange {
  readonly stack: string;
  /** The workspace. */
  readonly path: string;
  /** What takes its place. */
  readonly unpacked: string;
  /** Takes the agent down, and up again. */
  readonly down: readonly Command[];
  readonly up: readonly Command[];
  /** False where it is stopped on purpose. */
  readonly start: boolean;
}

/**
 * Puts unpacked files in the place of a workspace while the agent is down. Where that fails the agent is started again.
 *
 * @throws what went wrong, and what has become of the agent
 */
export async function exchangeWorkspace(host: Host, exchange: WorkspaceExchange): Promise<void> {
  const { path, unpacked, down, up, start } = exchange;
  const drop = () => host.run(dropUnpacked(unpacked));
  try {
    await host.apply("import", [...down, swapWorkspace(path, unpacked), ...(start ? up : [])]);
  } catch (error) {
    // What went wrong here explains what may go wrong there.
    await drop().catch(() => {});
    throw start ? await startAgain(host, exchange, error) : error;
  }
  await drop();
}

async function startAgain(host: Host, { stack, up }: WorkspaceExchange, error: unknown): Promise<unknown> {
  // Whoever waited for the lock in vain has taken nothing down.
  if (!(error instanceof HostError) || isCancelled(error) || error.kind === "locked") return error;
  const { details, kind } = error;
  const told = (agent: string, hint = details.try) =>
    new HostError(kind, { ...details, summary: `${details.summary}; ${agent}`, try: hint, cause: error });
  try {
    await host.apply("start the agent again", up);
    return told("the agent was started again");
  } catch {
    return told("the agent was taken down and could not be started again", `scripts/start -s ${stack}`);
  }
}
