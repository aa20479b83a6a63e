import { quote } from "../host/command.ts";
import type { Question } from "../host/question.ts";

/** How a machine is doing. */
export interface MachineFacts {
  readonly upSeconds: number;
  readonly load: number;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryFreeBytes: number;
  /** Of the disk with the agent's files. */
  readonly diskBytes: number;
  readonly diskFreeBytes: number;
}

export const machineFacts: Question<MachineFacts> = {
  script: `cut -d. -f1 /proc/uptime
cut -d' ' -f1 /proc/loadavg
nproc
awk '/^MemTotal|^MemAvailable/ { print $2 * 1024 }' /proc/meminfo
df --block-size=1 --output=size,avail /var/lib | tail -n 1`,
  parse: ({ stdout }) => {
    const [up, load, cpus, memory, free, disk, room] = stdout.trim().split(/\s+/).map(Number);
    return {
      upSeconds: up ?? 0,
      load: load ?? 0,
      cpus: cpus ?? 0,
      memoryBytes: memory ?? 0,
      memoryFreeBytes: free ?? 0,
      diskBytes: disk ?? 0,
      diskFreeBytes: room ?? 0,
    };
  },
};

export interface UnitStatus {
  readonly unit: string;
  /** systemd's words: `active/running`. */
  readonly state: string;
  /** When it last became so, as the machine says it. */
  readonly since: string;
  /** How often systemd has started it again since. */
  readonly restarts: number;
}

/** How some units are doing, in their order. */
export function unitsFacts(units: readonly string[]): Question<UnitStatus[]> {
  const show = "systemctl show --property=ActiveState,SubState,StateChangeTimestamp,NRestarts --";
  return {
    script: units.map((unit) => `${show} ${quote(unit)}; echo`).join("\n"),
    parse: ({ stdout }) => {
      const blocks = stdout.split(/\n\n+/);
      return units.map((unit, n) => {
        const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(blocks[n] ?? "")?.[1] ?? "";
        const state = `${value("ActiveState") || "unknown"}/${value("SubState") || "unknown"}`;
        return { unit, state, since: value("StateChangeTimestamp"), restarts: Number(value("NRestarts")) || 0 };
      });
    },
  };
}
