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
 * @throws what went wrong, and what has become of files and agent
 */
export async function exchangeWorkspace(host: Host, exchange: WorkspaceExchange): Promise<void> {
  const { path, unpacked, down, up, start } = exchange;
  const drop = () => host.run(dropUnpacked(unpacked));
  try {
    await host.apply("import", [...down, swapWorkspace(path, unpacked), ...(start ? up : [])]);
  } catch (error) {
    // What went wrong here explains what may go wrong there.
    const dropped = await drop().catch(() => undefined);
    const files = dropped?.stdout.trim() === "" ? inPlace : "";
    throw start ? await startAgain(host, exchange, error, files) : saying(error, files);
  }
  await drop();
}

const inPlace = "; the imported files are in place, and those of before are gone";

async function startAgain(
  host: Host,
  { stack, up }: WorkspaceExchange,
  error: unknown,
  files: string,
): Promise<unknown> {
  // Whoever waited for the lock in vain has taken nothing down.
  if (!(error instanceof HostError) || isCancelled(error) || error.kind === "locked") return saying(error, files);
  try {
    await host.apply("start the agent again", up);
    return saying(error, `${files}; the agent was started again`);
  } catch {
    return saying(
      error,
      `${files}; the agent was taken down and could not be started again`,
      `scripts/start -s ${stack}`,
    );
  }
}

/** The same error with what has become of the files and the agent. */
function saying(error: unknown, more: string, hint?: string): unknown {
  if (!(error instanceof HostError) || more === "") return error;
  const { details, kind } = error;
  const summary = `${details.summary}${more}`;
  return new HostError(kind, { ...details, summary, try: hint ?? details.try, cause: error });
}
