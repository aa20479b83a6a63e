import type { Question } from "../question.ts";
import type { PreflightWants, Say } from "./verdict.ts";

export interface SystemFacts {
  /** As `uname -m` says: `x86_64`, `aarch64`. */
  readonly architecture: string;
  /** As /etc/os-release has them; empty where there is none. */
  readonly distribution: string;
  readonly version: string;
  readonly like: readonly string[];
  readonly name: string;
  /** `2.36`; empty for another C library. */
  readonly glibc: string;
  /** Of systemd as PID 1; 0 when something else is. */
  readonly systemd: number;
  readonly apt: boolean;
}

const architectures = { amd64: "x86_64", arm64: "aarch64" } as const;
const oldest: Readonly<Record<string, number>> = { debian: 12, ubuntu: 22.04 };
const oldestGlibc = "2.28";
/** LoadCredential= came with it. */
const oldestSystemd = 247;

/** What the machine runs, without a package of ours on it. */
export const systemFacts: Question<SystemFacts> = {
  script: `uname -m
getconf GNU_LIBC_VERSION || echo
test -d /run/systemd/system && systemctl --version | sed -n '1s/[^0-9]*\\([0-9]*\\).*/\\1/p' || echo
command -v apt-get || echo
(. /etc/os-release; printf '%s\\n' "$ID" "$VERSION_ID" "$ID_LIKE" "$PRETTY_NAME")`,
  parse({ stdout }) {
    const [
      architecture = "",
      libc = "",
      systemd = "",
      apt = "",
      distribution = "",
      version = "",
      like = "",
      name = "",
    ] = stdout.split("\n").map((line) => line.trim());
    return {
      architecture,
      glibc: /^glibc (\S+)$/.exec(libc)?.[1] ?? "",
      systemd: Number(systemd) || 0,
      apt: apt !== "",
      distribution,
      version,
      like: like.split(" ").filter(Boolean),
      name,
    };
  },
};

/** Processor, distribution, C library and init system. */
export function judgeSystem(system: SystemFacts, { arch }: PreflightWants, { lacks, note }: Say): void {
  if (system.architecture !== architectures[arch]) {
    const [is] = Object.entries(architectures).find(([, name]) => name === system.architecture) ?? [];
    const hint = is ? `set machine.arch to ${is}` : "choose a machine with an x86_64 or aarch64 processor";
    lacks(
      "architecture",
      `the machine is ${system.architecture || "of an unknown kind"}, and ${arch} is configured`,
      hint,
    );
  }
  const name = system.name || system.distribution || "of an unknown distribution";
  const since = oldest[system.distribution];
  if (!system.apt) {
    lacks("distribution", `${name} has no apt`, "use Debian 12 or later, or Ubuntu 22.04 or later");
  } else if (since === undefined) {
    note(`${name} is neither Debian nor Ubuntu; what both share is expected of it`);
  } else if (system.version === "") {
    note(`${name} does not say its version, as Debian's testing does not; it is taken for a new one`);
  } else if (Number(system.version) < since) {
    lacks("distribution", `${name} is too old`, `upgrade it to ${system.distribution} ${since} or later`);
  }
  if (!system.glibc || compare(system.glibc, oldestGlibc) < 0) {
    lacks(
      "glibc",
      `its C library is ${system.glibc ? `glibc ${system.glibc}` : "not glibc"}`,
      `glibc ${oldestGlibc} or later is needed: use a newer system`,
    );
  }
  if (system.systemd < oldestSystemd) {
    const found = system.systemd ? `systemd ${system.systemd} is too old` : "systemd is not its first process";
    lacks("systemd", found, `systemd ${oldestSystemd} or later is needed: use a newer system, booted as a machine`);
  }
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (const [n, part] of (right ?? []).entries()) {
    const difference = (left?.[n] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
