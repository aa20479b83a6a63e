import type { Owner } from "./machine.ts";
import type { Question, Questions } from "./question.ts";
import { ensureOwner } from "./steps/owner.ts";

/** What a machine says about itself before anything is changed on it. */
export interface PreflightFacts {
  readonly system: SystemFacts;
  readonly kernel: KernelFacts;
  readonly room: RoomFacts;
  /** Seconds the machine's clock is ahead of this computer's; negative when it is behind. */
  readonly clockAhead: number;
  readonly gpu: GpuFacts;
  readonly ports: readonly PortFacts[];
  /** Who says to own the machine; see `owner.ts`. */
  readonly owner: { readonly owner: Owner | string | undefined };
}

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

export interface KernelFacts {
  readonly release: string;
  /** File system at /sys/fs/cgroup: `cgroup2fs` for version 2, `tmpfs` for version 1 or both. */
  readonly cgroups: string;
  readonly landlock: boolean;
  /** How many user namespaces there may be. */
  readonly userNamespaces: number;
  /** Debian's own switch; true where there is none. */
  readonly unprivilegedUserNamespaces: boolean;
  /** Ubuntu since 24.04: only programs with an AppArmor profile may make one. */
  readonly appArmorRestricts: boolean;
}

export interface RoomFacts {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** The smallest of the file systems under /opt, /var/lib and /tmp. */
  readonly diskFreeMiB: number;
  readonly diskAt: string;
}

export interface GpuFacts {
  /** NVIDIA's graphics devices on the machine's buses, with a driver or without. */
  readonly devices: number;
  /** Names, as the driver has them. */
  readonly names: readonly string[];
  /** Version of the loaded kernel module; empty without one. */
  readonly driver: string;
  /** What nvidia-smi said and how it ended; `undefined` where it is not installed. */
  readonly smi: { readonly exitCode: number; readonly said: string } | undefined;
}

export interface PortFacts {
  readonly port: number;
  /** The unit or program that listens; empty when nobody does. */
  readonly heldBy: string;
}

/** Ports on the machine's loopback that our services take: egress gate, status page, tunnel metrics. */
export const ourPorts = [17871, 17872, 17873] as const;

/**
 * Questions that a machine answers in one round trip, without a package of ours on it.
 *
 * @param now of this computer, in milliseconds; the machine's clock is held against it
 */
export function preflightFacts(owner: Owner, now: number): Questions<PreflightFacts> {
  return {
    system,
    kernel,
    room,
    clockAhead: {
      script: `echo $(($(date +%s) - ${Math.round(now / 1000)}))`,
      parse: ({ stdout }) => Number(stdout.trim()) || 0,
    },
    gpu: gpuFacts,
    ports,
    owner: ensureOwner(owner).facts,
  };
}

const system: Question<SystemFacts> = {
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

const kernel: Question<KernelFacts> = {
  script: `uname -r
stat -f -c %T /sys/fs/cgroup || echo
grep . /sys/kernel/security/lsm || echo
cat /proc/sys/user/max_user_namespaces || echo 0
cat /proc/sys/kernel/unprivileged_userns_clone || echo 1
cat /proc/sys/kernel/apparmor_restrict_unprivileged_userns || echo 0`,
  parse({ stdout }) {
    const [release = "", cgroups = "", lsm = "", most, clone, restricted] = stdout
      .split("\n")
      .map((line) => line.trim());
    return {
      release,
      cgroups,
      landlock: lsm.split(",").includes("landlock"),
      userNamespaces: Number(most) || 0,
      unprivilegedUserNamespaces: clone !== "0",
      appArmorRestricts: restricted === "1",
    };
  },
};

const room: Question<RoomFacts> = {
  script: `nproc
sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo
df -Pk /opt /var/lib /tmp | sed 1d`,
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

/** GPUs, with a driver or without one; without `lspci`, which small images lack. */
export const gpuFacts: Question<GpuFacts> = {
  script: `n=0
for each in /sys/bus/pci/devices/*; do
  test "$(cat "$each/vendor")" = 0x10de || continue
  case $(cat "$each/class") in 0x0300*|0x0302*) n=$((n + 1)) ;; esac
done
echo "devices $n"
sed -n 's/^NVRM version:.*[[:space:]]\\([0-9][0-9]*\\.[0-9][0-9.]*\\)[[:space:]].*/driver \\1/p' /proc/driver/nvidia/version
command -v nvidia-smi >/dev/null || exit 0
said=$(timeout 30 nvidia-smi --query-gpu=name --format=csv,noheader 2>&1)
echo "smi $?"
printf '%s\\n' "$said"`,
  parse({ stdout }) {
    const [before = "", code, rest = ""] = stdout.split(/^smi (\d+)\n/m);
    const said = rest.trim();
    const exitCode = Number(code);
    return {
      devices: Number(/^devices (\d+)$/m.exec(before)?.[1] ?? 0),
      driver: /^driver (\S+)$/m.exec(before)?.[1] ?? "",
      names: code !== undefined && exitCode === 0 ? said.split("\n").filter(Boolean) : [],
      smi: code === undefined ? undefined : { exitCode, said },
    };
  },
};

// From the kernel's own tables: `ss` is missing on small images.
const ports: Question<PortFacts[]> = {
  script: `for port in ${ourPorts.join(" ")}; do
  hex=$(printf '%04X' "$port")
  inode=$(cat /proc/net/tcp /proc/net/tcp6 | while read -r _ local _ state _ _ _ _ _ inode _; do
    case $local/$state in *:"$hex"/0A) echo "$inode"; break ;; esac
  done)
  by=
  if test -n "$inode"; then
    process=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null | head -n 1 | cut -d/ -f3)
    by=$(sed -n 's#.*/\\([^/]*\\.service\\)$#\\1#p' "/proc/$process/cgroup" | head -n 1)
    test -n "$by" || by=$(cat "/proc/$process/comm") || by=unknown
  fi
  echo "$port $by"
done`,
  parse: ({ stdout }) =>
    stdout
      .trim()
      .split("\n")
      .map((line) => {
        const [port = "", ...by] = line.trim().split(" ");
        return { port: Number(port), heldBy: by.join(" ") };
      }),
};
