import { unlessStopped } from "../stopped-condition.ts";
import { checked, hardened, journal, links, word } from "./unit-text.ts";

export interface InferenceRouteUnit {
  readonly sandbox: string;
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/inference-route.mjs` */
  readonly bundle: string;
  /** Whether the upstream wants a key, which is then a credential of the unit. */
  readonly key: boolean;
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
${unlessStopped(name)}

[Service]
# Started means ready: a reload right after the start would end a process that does not take the signal yet.
Type=notify
NotifyAccess=all
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

[Install]
WantedBy=multi-user.target
`;
}
