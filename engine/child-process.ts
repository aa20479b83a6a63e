import type { ChildProcess } from "node:child_process";
import { join } from "node:path";

const graceSeconds = 3;

/**
 * The environment of plugins and programs: ours, without the passphrase, which is nobody's business but the engine's. Node
 * keeps what it compiles beside the project's packages, because loading the SDK is most of what a run without changes costs.
 */
export function childEnvironment(projectRoot: string): NodeJS.ProcessEnv {
  const { PULUMI_CONFIG_PASSPHRASE: _1, PULUMI_CONFIG_PASSPHRASE_FILE: _2, ...others } = process.env;
  return { NODE_COMPILE_CACHE: join(projectRoot, "node_modules/.cache/node-compile"), ...others };
}

const alive = new Set<number>();
process.once("exit", () => {
  for (const pid of alive) signalGroup(pid, "SIGKILL");
});

/** Makes sure that a child in a process group of its own does not outlive us, even when we end in a hurry. */
export function adopt(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  alive.add(pid);
  child.once("exit", () => alive.delete(pid));
}

/** Ends a child and everything in its process group: asked first, made to after a moment. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  signalGroup(child.pid, "SIGTERM");
  const force = setTimeout(() => signalGroup(child.pid as number, "SIGKILL"), graceSeconds * 1000);
  await ended;
  clearTimeout(force);
}

/** Sends a signal to a process group that may be gone already. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
