import { readdirSync, readFileSync } from "node:fs";

/** What `/proc/<pid>/status` says about one process. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Its id in each namespace, from ours to its own. */
  readonly ids: readonly number[];
}

/**
 * The id, as the machine counts, of a process below `ancestor` that calls itself `insidePid`. Inside there are process
 * namespaces of their own, so the two differ.
 */
export function hostPid(ancestor: number, insidePid: number): number | undefined {
  return findInside(processes(), ancestor, insidePid);
}

/** The pure part of `hostPid`. */
export function findInside(rows: readonly ProcessRow[], ancestor: number, insidePid: number): number | undefined {
  const below = new Set([ancestor]);
  // A process may come before its parent in the list, so this goes on until nothing is new.
  for (let before = 0; before !== below.size; ) {
    before = below.size;
    for (const { pid, parent } of rows) if (below.has(parent)) below.add(pid);
  }
  const depth = Math.max(0, ...rows.filter(({ pid }) => below.has(pid)).map(({ ids }) => ids.length));
  // Only in the innermost namespace does the number mean what the inside means.
  return rows.find(({ pid, ids }) => below.has(pid) && ids.length === depth && depth > 1 && ids.at(-1) === insidePid)
    ?.pid;
}

function processes(): ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => parseStatus(status(name)) ?? []);
}

function status(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    // It ended while we looked.
    return "";
  }
}

/** Reads one process's status file. */
export function parseStatus(text: string): ProcessRow | undefined {
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(text)?.[1];
  const [pid, parent, ids] = [field("Pid"), field("PPid"), field("NSpid")];
  if (pid === undefined || parent === undefined || ids === undefined) return undefined;
  return { pid: Number(pid), parent: Number(parent), ids: ids.split(/\s+/).map(Number) };
}
