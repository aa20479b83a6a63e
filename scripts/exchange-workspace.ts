import { HostError, isCancelled } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import type { Power } from "../host/runtimes/operations.ts";
import { planned } from "../host/step.ts";
import { type Left, readLeft, removeLeft, swapWorkspace } from "./workspace-scripts.ts";

export interface WorkspaceExchange {
  readonly stack: string;
  /** The workspace. */
  readonly path: string;
  /** What takes its place. */
  readonly unpacked: string;
  readonly power: Power;
  /** False where it is stopped on purpose. */
  readonly start: boolean;
  /** Takes what went another way than usual. */
  readonly say: (remark: string) => void;
}

/**
 * Puts unpacked files in the place of a workspace while the agent is down, and removes those of before. Where that fails the agent is
 * started again.
 *
 * @returns what is still there of those of before, if anything
 * @throws what went wrong, and what has become of files and agent
 */
export async function exchangeWorkspace(host: Host, exchange: WorkspaceExchange): Promise<string | undefined> {
  const { path, unpacked, power, start, say } = exchange;
  let begun = false;
  const remove = async () => readLeft((await host.run(removeLeft(path, unpacked))).stdout);
  try {
    const down = await planned(host, power.down, say);
    const up = start ? await planned(host, power.up, say) : [];
    begun = true;
    // In one, so that nobody else starts between them what works on the files.
    await host.apply("import", [...down, swapWorkspace(path, unpacked), ...up]);
  } catch (error) {
    // What went wrong here explains what may go wrong there.
    const left = await remove().catch(() => undefined);
    const files = left === undefined ? [] : [...placed(left), ...remainder(left)];
    throw begun && start ? await startAgain(host, exchange, error, files) : saying(error, files);
  }
  const left = await remove().catch((error: unknown) => {
    throw saying(error, [
      `the imported files are in place, and those of before may be left in ${unpacked}.gone${next}`,
    ]);
  });
  return remainder(left).join("\n") || undefined;
}

const next = ", which the next import removes";

function placed({ unused, gone }: Left): string[] {
  if (unused) return [];
  return [`the imported files are in place${gone.length > 0 ? "" : ", and those of before are gone"}`];
}

function remainder({ gone, aside }: Left): string[] {
  return [
    ...(gone.length > 0 ? [`files of before could not be removed and are left in ${gone.join(", ")}${next}`] : []),
    ...(aside.length > 0
      ? [`an import that was stopped half-way left files in ${aside.join(", ")}, which nothing removes`]
      : []),
  ];
}

async function startAgain(
  host: Host,
  { stack, power, say }: WorkspaceExchange,
  error: unknown,
  files: readonly string[],
): Promise<unknown> {
  // Whoever waited for the lock in vain has taken nothing down.
  if (!(error instanceof HostError) || isCancelled(error) || error.kind === "locked") return saying(error, files);
  try {
    await host.apply("start the agent again", await planned(host, power.up, say));
    return saying(error, [...files, "the agent was started again"]);
  } catch {
    const down = "the agent was taken down and could not be started again";
    return saying(error, [...files, down], `scripts/start -s ${stack}`);
  }
}

/** The same error with what has become of the files and the agent. */
function saying(error: unknown, more: readonly string[], hint?: string): unknown {
  if (!(error instanceof HostError) || more.length === 0) return error;
  const { details, kind } = error;
  const summary = [details.summary, ...more].join("; ");
  return new HostError(kind, { ...details, summary, try: hint ?? details.try, cause: error });
}
