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

export interface EgressGateUnit {
  readonly sandbox: string;
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/egress-gate.mjs` */
  readonly bundle: string;
  readonly port: number;
}

export interface InferenceRouteUnit {
  readonly sandbox: string;
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/inference-route.mjs` */
  readonly bundle: string;
  /** Whether the upstream wants a key, which is then a credential of the unit. */
  readonly key: boolean;
}

/** Journal namespace of a sandbox's units: `journalctl --namespace=nemoclaw-main`. */
export function journalNamespace(sandbox: string): string {
  return `nemoclaw-${checked(sandbox)}`;
}

/** Text of `/etc/systemd/journald@<namespace>.conf`; `size` as systemd writes it: `256M`. */
export function journalSettings(size: string): string {
  return `[Journal]
Storage=persistent
SystemMaxUse=${word(size)}
RuntimeMaxUse=${word(size)}
RateLimitIntervalSec=30s
RateLimitBurst=10000
ForwardToSyslog=no
ForwardToWall=no
`;
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
${elsewhere.map((path) => `ReadWritePaths=-${word(path)}\n`).join("")}ProtectHome=yes
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

/** Text of `nemoclaw-gate@<sandbox>.service`: the egress gate, under a user of its own. `systemctl reload` takes a new policy. */
export function egressGateUnit({ sandbox, node, bundle, port }: EgressGateUnit): string {
  const name = checked(sandbox);
  const own = `/run/nemoclaw-gate/${name}`;
  const authority = `/var/lib/nemoclaw/${name}/gate-ca`;
  return `[Unit]
Description=NemoClaw egress gate of sandbox ${name}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=nemoclaw-gate
Group=nemoclaw-gate
${links([[`${own}/status.json`, `${name}-gate.json`]])}
ExecStartPre=+/usr/bin/install -d -o nemoclaw-gate -g nemoclaw-gate -m 0755 ${authority}
ExecStart=${[
    word(node),
    word(bundle),
    `--sandbox ${name}`,
    `--policy /etc/nemoclaw/${name}/policy.json`,
    `--port ${port}`,
    `--route /run/nemoclaw/${name}-route.sock`,
    `--status ${own}/status.json`,
    `--ca-dir /var/lib/nemoclaw/${name}/gate`,
    `--ca-cert ${authority}/ca.crt`,
    `--allow-uid nemoclaw-sandbox`,
  ].join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
TimeoutStartSec=60
TimeoutStopSec=15
StateDirectory=nemoclaw/${name}/gate
StateDirectoryMode=0700
# Missing only while the line above that makes it runs.
ReadWritePaths=-${authority}
RuntimeDirectory=nemoclaw-gate/${name}
RuntimeDirectoryMode=0755
UMask=0022
# An authority of the site's own, where there is one, is in the machine's bundle.
Environment=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
${journal(name)}

MemoryMax=512M
TasksMax=128
${hardened}
# Not ProtectProc=invisible: the gate finds out in /proc/net whose connection it serves.
ProtectProc=default

[Install]
WantedBy=multi-user.target
`;
}

/** Text of `nemoclaw-route@<sandbox>.service`: the inference route, the only place where the key is. `systemctl reload` takes a new model. */
export function inferenceRouteUnit({ sandbox, node, bundle, key }: InferenceRouteUnit): string {
  const name = checked(sandbox);
  const own = `/run/nemoclaw-route/${name}`;
  const credential = key
    ? `LoadCredential=inference-key:/etc/nemoclaw/credentials/nemoclaw-route@${name}.inference-key\n`
    : "";
  return `[Unit]
Description=NemoClaw inference route of sandbox ${name}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=nemoclaw-route
# The socket's group is the process's own, and the gate must get through to it.
Group=nemoclaw-gate
${credential}${links([
  [`${own}/route.sock`, `${name}-route.sock`],
  [`${own}/status.json`, `${name}-route.json`],
])}
ExecStart=${word(node)} ${word(bundle)} --config /etc/nemoclaw/${name}/route.json --socket ${own}/route.sock --status ${own}/status.json
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
TimeoutStartSec=60
TimeoutStopSec=15
RuntimeDirectory=nemoclaw-route/${name}
RuntimeDirectoryMode=0755
UMask=0022
Environment=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
${journal(name)}

MemoryMax=512M
TasksMax=128
${hardened}
ProtectProc=invisible

[Install]
WantedBy=multi-user.target
`;
}

/** AppArmor profile `/etc/apparmor.d/nemoclaw-sandbox`, for kernels that let only named programs make user namespaces (Ubuntu 24.04). */
export const appArmorProfile = `abi <abi/4.0>,
include <tunables/global>

profile nemoclaw-sandbox flags=(unconfined) {
  userns,
}
`;

const hardened = `NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM`;

// Each service owns a folder of its own, because only a folder's owner can put files into it safely; the agreed places are
// links from a folder that is root's.
function links(pairs: readonly (readonly [target: string, link: string])[]): string {
  return [
    "ExecStartPre=+/bin/mkdir -p /run/nemoclaw",
    ...pairs.map(([target, link]) => `ExecStartPre=+/bin/ln -sfn ${target} /run/nemoclaw/${link}`),
    `ExecStopPost=+/bin/rm -f ${pairs.map(([, link]) => `/run/nemoclaw/${link}`).join(" ")}`,
  ].join("\n");
}

// Node takes a quarter of the memory it sees for its heap, and inside it sees the whole machine's.
function heapMegabytes(memory: string): number {
  const [, digits, unit] = /^(\d+)([KMGT]?)$/.exec(memory) ?? [];
  if (digits === undefined) throw new Error(`not a size in bytes, such as 2G: ${JSON.stringify(memory)}`);
  const bytes = Number(digits) * 1024 ** (unit ? "KMGT".indexOf(unit) + 1 : 0);
  return Math.max(512, Math.floor(bytes / 4 / 1024 ** 2));
}

function journal(sandbox: string): string {
  return `LogNamespace=${journalNamespace(sandbox)}\nLogRateLimitIntervalSec=30s\nLogRateLimitBurst=10000`;
}

function checked(sandbox: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(sandbox)) return sandbox;
  throw new Error(`not a sandbox's name: ${JSON.stringify(sandbox)}`);
}

// One word of a unit file: nothing that systemd would split, expand or unquote.
function word(text: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(text)) return text;
  throw new Error(`not a plain word for a unit file: ${JSON.stringify(text)}`);
}
