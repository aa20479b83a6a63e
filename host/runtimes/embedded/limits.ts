import { quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import type { Limits } from "../runtime.ts";

/** What systemd says a unit may use: bytes, CPUs and processes, and bytes of log; undefined where nothing limits it. */
export interface LimitsFacts {
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly pids?: number;
  /** As its journal's settings have it: `200M`. */
  readonly logs?: string;
}

/** The limits that are in force for a unit, whatever its file says, and the one in its journal's settings. */
export function limitsFacts(unit: string, journalSettings: string): Question<LimitsFacts> {
  return {
    script: `systemctl show --property=MemoryMax,CPUQuotaPerSecUSec,TasksMax -- ${quote(unit)}
grep '^SystemMaxUse=' ${quote(journalSettings)}`,
    parse: ({ stdout }) => {
      const said = new Map(stdout.split("\n").map((line) => line.split("=", 2) as [string, string]));
      const number = (text: string | undefined) => (text && /^\d+$/.test(text) ? Number(text) : undefined);
      return {
        memoryBytes: number(said.get("MemoryMax")),
        cpus: seconds(said.get("CPUQuotaPerSecUSec")),
        pids: number(said.get("TasksMax")),
        logs: said.get("SystemMaxUse"),
      };
    },
  };
}

/** What was wanted where it holds, else what was found: `limits` as a resource shows them. */
export function observedLimits(wanted: Limits, { memoryBytes, cpus, pids, logs }: LimitsFacts): Limits {
  return {
    memory: memoryBytes === bytesOf(wanted.memory) ? wanted.memory : `${memoryBytes ?? "unlimited"}`,
    cpus: cpus === undefined || Math.abs(cpus - wanted.cpus) < 0.005 ? wanted.cpus : cpus,
    // JSON has no infinity; a number that nobody asked for shows the difference as well.
    pids: pids ?? -1,
    logs: logs ?? "unlimited",
  };
}

/** Bytes of a size as systemd writes it: `2500M`, powers of 1024. */
export function bytesOf(size: string): number {
  const [, digits = "0", unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(size) ?? [];
  return Number(digits) * 1024 ** (unit === "" ? 0 : "KMGT".indexOf(unit) + 1);
}

// systemd prints CPU time per second as a time span: 2s, 1.500000s, 500ms.
function seconds(span: string | undefined): number | undefined {
  const [, digits, unit] = /^([\d.]+)(s|ms|us)$/.exec(span ?? "") ?? [];
  if (!digits) return undefined;
  return Number(digits) / { s: 1, ms: 1e3, us: 1e6 }[unit as "s" | "ms" | "us"];
}
