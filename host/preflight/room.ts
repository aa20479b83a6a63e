import type { Question } from "../question.ts";
import type { Finding, Say } from "./verdict.ts";

export interface RoomFacts {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** The smallest of the file systems under /opt, /var/lib and /var/tmp, where downloads go. A /tmp in memory does not count. */
  readonly diskFreeMiB: number;
  readonly diskAt: string;
}

const limits = {
  memoryMiB: 3500,
  comfortableMiB: 7500,
  diskMiB: 6 * 1024,
  /** Where we are installed already, only room to work. */
  diskLaterMiB: 512,
};

/** CPUs, memory and disk. */
export const roomFacts: Question<RoomFacts> = {
  script: `nproc
sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo
df -Pk /opt /var/lib /var/tmp | sed 1d`,
  parse({ stdout }) {
    const [cpus, memory, ...disks] = stdout.trim().split("\n");
    // Name, size, used, free, share, mount point.
    const [least] = disks
      .map((line) => line.trim().split(/\s+/))
      .map((words) => ({ at: words.slice(5).join(" "), free: Number(words[3]) || 0 }))
      .sort((a, b) => a.free - b.free);
    return {
      cpus: Number(cpus) || 0,
      memoryMiB: Math.floor((Number(memory) || 0) / 1024),
      diskFreeMiB: Math.floor((least?.free ?? 0) / 1024),
      diskAt: least?.at ?? "/",
    };
  },
};

/** Memory, and disk to install on; where we are installed already, only to work. */
export function judgeRoom(room: RoomFacts, installed: boolean, { lacks, note }: Say): void {
  if (room.memoryMiB < limits.memoryMiB) {
    lacks(
      "memory",
      `it has ${gib(room.memoryMiB)} of memory`,
      "4 GiB are the least, 8 GiB and more are well: use a larger machine",
    );
  } else if (room.memoryMiB < limits.comfortableMiB) {
    note(`${gib(room.memoryMiB)} of memory are little for an agent; 8 GiB and more are well`);
  }
  const full = fullDisk(room, installed);
  if (full) lacks("disk", full.found, full.try);
}

/** A disk with too little room, and what to do; undefined where there is enough. */
export function fullDisk(
  { diskFreeMiB, diskAt }: Pick<RoomFacts, "diskFreeMiB" | "diskAt">,
  installed: boolean,
): Omit<Finding, "what"> | undefined {
  const least = installed ? limits.diskLaterMiB : limits.diskMiB;
  if (diskFreeMiB >= least) return undefined;
  return {
    found: `${gib(diskFreeMiB)} are free on ${diskAt}`,
    try: `make room: ${gib(least)} are needed, 40 GiB are well`,
  };
}

function gib(mib: number): string {
  return `${(mib / 1024).toFixed(1)} GiB`;
}
