import { unlessStopped } from "../stopped-condition.ts";
import { checked, journal, links, word } from "./unit-text.ts";

/** What a sandbox may use of its machine. */
export interface SandboxLimits {
  /** Bytes, as systemd writes them: `2G`. The agent needs more than 1 GB. */
  readonly memory: string;
  readonly cpus: number;
  readonly pids: number;
}

export interface SandboxUnit {
  /** Small letters, digits and dashes. */
  readonly sandbox: string;
  /** `/opt/nemoclaw/node/current/bin/node` */
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/supervisor.mjs` */
  readonly bundle: string;
  readonly limits: SandboxLimits;
  /** The policy's `read_write` paths, which the unit would else keep read-only. */
  readonly writable: readonly string[];
}

/**
 * Text of `nemoclaw-sandbox@<sandbox>.service`: the supervisor, and the agent inside. The unit is active once the agent answers.
 *
 * @throws when a value could change the meaning of a line
 * @example sandboxUnit({ sandbox: "main", node, bundle, limits: { memory: "2G", cpus: 2, pids: 512 }, writable: ["/sandbox", "/tmp"] })
 */
export function sandboxUnit({ sandbox, node, bundle, limits, writable }: SandboxUnit): string {
  const name = checked(sandbox);
  const own = `/run/nemoclaw-sandbox/${name}`;
  const elsewhere = writable.filter((path) => !/^\/(sandbox|tmp|var\/tmp|dev|proc|sys)(\/|$)/.test(path));
  return `[Unit]
Description=NemoClaw sandbox ${name}
Wants=nemoclaw-gate@${name}.service nemoclaw-route@${name}.service
After=network.target nemoclaw-gate@${name}.service nemoclaw-route@${name}.service
# An agent that cannot start now may start later; the supervisor says why in the meantime.
StartLimitIntervalSec=0
${unlessStopped(name)}

[Service]
Type=notify
NotifyAccess=all
User=nemoclaw-sandbox
Group=nemoclaw-sandbox
SupplementaryGroups=nemoclaw-turns
${links([
  [`${own}/turns.sock`, `${name}.sock`],
  [`${own}/control.sock`, `${name}-control.sock`],
])}
ExecStart=${word(node)} ${word(bundle)} --sandbox ${name} --heap ${heapMegabytes(limits.memory)}
Restart=always
RestartSec=5
TimeoutStartSec=300
# The signal goes to the supervisor alone: sent to all, it would end the agent without a chance to finish.
KillMode=mixed
TimeoutStopSec=20
# A tool that eats all memory ends by itself; the agent's own end is the supervisor's to tell.
OOMPolicy=continue
BindPaths=/var/lib/nemoclaw/${name}/workspace:/sandbox
StateDirectory=nemoclaw/${name}/agent
StateDirectoryMode=0700
RuntimeDirectory=nemoclaw-sandbox/${name}
# Passable, because clients of other users connect to the turn socket in it.
RuntimeDirectoryMode=0711
Environment=TMPDIR=${own}/relays
WorkingDirectory=${own}
UMask=0077
${journal(name)}

MemoryMax=${word(limits.memory)}
MemorySwapMax=0
CPUQuota=${Math.round(limits.cpus * 100)}%
TasksMax=${limits.pids}
LimitCORE=0

# bubblewrap makes its own mounts and a new /proc, which the kernel allows only where no part of /proc is covered: so none of
# ProtectProc, ProtectHostname, ProtectKernelTunables, ProtectKernelLogs, nor RestrictNamespaces. It needs no privilege that no_new_privs takes
# away, since it is not setuid. And not RestrictSUIDSGID, which takes openat2 away, which the agent needs.
NoNewPrivileges=yes
CapabilityBoundingSet=
AppArmorProfile=-nemoclaw-sandbox
ProtectSystem=strict
${elsewhere.map((path) => `ReadWritePaths=${optionalPath(path)}\n`).join("")}ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
# sandbox-runtime leaves /sys as it is, whatever a policy says.
InaccessiblePaths=/sys
# The gate is on the loopback; nothing else is any of this unit's business.
IPAddressDeny=any
IPAddressAllow=localhost
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallFilter=~add_key keyctl request_key bpf perf_event_open userfaultfd
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/**
 * AppArmor profile `/etc/apparmor.d/nemoclaw-sandbox`, for kernels that let only named programs make user namespaces (Ubuntu 24.04). The
 * older text has no rule for them and needs none: such a kernel asks whether a program has a profile of its own, and denies what that
 * profile's abi mediates and does not allow.
 */
export const appArmorProfile = {
  name: "nemoclaw-sandbox",
  text: profile("4.0", "\n  userns,"),
  older: profile("3.0", ""),
};

function profile(abi: string, rules: string): string {
  return `abi <abi/${abi}>,
include <tunables/global>

profile nemoclaw-sandbox flags=(unconfined) {${rules}
}
`;
}

// Node takes a quarter of the memory it sees for its heap, and inside it sees the whole machine's.
function heapMegabytes(memory: string): number {
  const [, digits, unit] = /^(\d+)([KMGT]?)$/.exec(memory) ?? [];
  if (digits === undefined) throw new Error(`not a size in bytes, such as 2G: ${JSON.stringify(memory)}`);
  const bytes = Number(digits) * 1024 ** (unit ? "KMGT".indexOf(unit) + 1 : 0);
  return Math.max(512, Math.floor(bytes / 4 / 1024 ** 2));
}

// A path of any characters, which need not be there.
function optionalPath(path: string): string {
  if (/\p{Cc}/u.test(path)) throw new Error(`not a path for a unit file: ${JSON.stringify(path)}`);
  return `"-${path.replaceAll(/[\\"]/g, "\\$&").replaceAll("%", "%%")}"`;
}
