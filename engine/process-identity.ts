import { readFileSync } from "node:fs";

/** A process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the kernel's ticks; absent where /proc is. */
  started?: string;
}

/** The identity of a running process; undefined when there is none, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  if (process.platform !== "linux") return { pid };
  try {
    // The name in parentheses may hold anything, so the fields are counted from its end.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return { pid, ...(fields[19] ? { started: fields[19] } : {}) };
  } catch {
    return undefined;
  }
}

/** True while this very process runs. */
export function isRunning(one: ProcessIdentity): boolean {
  const now = identify(one.pid);
  return now !== undefined && (one.started === undefined || one.started === now.started);
}
