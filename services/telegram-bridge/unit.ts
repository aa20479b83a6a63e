import { hardened } from "../hardened.ts";
import { unlessStopped } from "../stopped-condition.ts";

/** What a bridge's unit is made from. */
export interface BridgeUnit {
  /** The sandbox's name: small letters, digits and dashes. */
  readonly sandbox: string;
  /** Absolute path of Node on the machine: `/opt/nemoclaw/node/current/bin/node`. */
  readonly node: string;
  /** Absolute path of the bridge: `/opt/nemoclaw/telegram-bridge/current/bridge.mjs`. */
  readonly bundle: string;
}

/**
 * The text of `nemoclaw-bridge@<sandbox>.service`. The unit is active once Telegram has answered a poll. It writes its status file
 * in a folder of its own, since only its owner may rename a file in a folder; the agreed path in `/run/nemoclaw` is a link to it.
 *
 * @throws when the sandbox's name could change the meaning of a line
 * @example bridgeUnit({ sandbox: "main", node: "/opt/nemoclaw/node/current/bin/node", bundle: "/opt/nemoclaw/telegram-bridge/current/bridge.mjs" })
 */
export function bridgeUnit({ sandbox, node, bundle }: BridgeUnit): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(sandbox)) throw new Error(`not a sandbox's name: ${JSON.stringify(sandbox)}`);
  const status = `nemoclaw-bridge/${sandbox}`;
  const link = `/run/nemoclaw/${sandbox}-bridge.json`;
  const files = [
    `--config /etc/nemoclaw/${sandbox}/bridge.json`,
    `--state /var/lib/nemoclaw/${sandbox}/bridge`,
    `--status /run/${status}/status.json`,
  ];
  return `[Unit]
Description=NemoClaw Telegram bridge of sandbox ${sandbox}
Wants=network-online.target
After=network-online.target nemoclaw-sandbox@${sandbox}.service
# Telegram may be out of reach for hours; the bridge never gives up by itself.
StartLimitIntervalSec=0
${unlessStopped(sandbox)}

[Service]
Type=notify
NotifyAccess=all
User=nemoclaw-bridge
Group=nemoclaw-bridge
SupplementaryGroups=nemoclaw-turns
LoadCredential=telegram-token:/etc/nemoclaw/credentials/nemoclaw-bridge@${sandbox}.telegram-token
# A site's own authority, where the machine trusts one.
Environment=NODE_USE_SYSTEM_CA=1
# With its mode, or this unit's UMask= would close the folder to everybody else.
ExecStartPre=+/bin/mkdir -p -m 0755 /run/nemoclaw
ExecStartPre=+/bin/ln -sfn /run/${status}/status.json ${link}
ExecStart=${node} ${bundle} ${files.join(" ")}
ExecStopPost=+/bin/rm -f ${link}
Restart=always
RestartSec=10
# A wrong configuration stays wrong until a new one is written.
RestartPreventExitStatus=64 78
TimeoutStartSec=120
# Running turns get 30 s to end; the signal goes to the bridge alone, or it would end them.
KillMode=mixed
TimeoutStopSec=45
StateDirectory=nemoclaw/${sandbox}/bridge
StateDirectoryMode=0700
RuntimeDirectory=${status}
RuntimeDirectoryMode=0755
UMask=0077

MemoryMax=1G
TasksMax=512
${hardened}

[Install]
WantedBy=multi-user.target
`;
}
