import { unlessStopped } from "../stopped-condition.ts";
import { checked, hardened, journal, links, word } from "./unit-text.ts";

export interface EgressGateUnit {
  readonly sandbox: string;
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/egress-gate.mjs` */
  readonly bundle: string;
  readonly port: number;
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
${unlessStopped(name)}

[Service]
# Started means ready: a reload right after the start would end a process that does not take the signal yet.
Type=notify
NotifyAccess=all
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
# Not invisible: the gate finds out in /proc/net whose connection it serves.
ProtectProc=default

[Install]
WantedBy=multi-user.target
`;
}
