import { unlessStopped } from "../stopped-condition.ts";
import { checked, hardened, journal, links, quoted, word } from "./unit-text.ts";

export interface AttendantUnit {
  /** Small letters, digits and dashes. */
  readonly sandbox: string;
  /** `/opt/nemoclaw/node/current/bin/node` */
  readonly node: string;
  /** `/opt/nemoclaw/supervisor/<version>/attendant.mjs` */
  readonly bundle: string;
  readonly agentVersion: string;
  readonly statusPort: number;
  /** What joins its standard input and output to the agent's orders; words of any characters, and no shell reads them. */
  readonly command: readonly string[];
  /** For the attendant and the command. Nothing secret: units can be read by everybody. */
  readonly environment: Readonly<Record<string, string>>;
}

const home = "/var/lib/nemoclaw-openshell";

/**
 * Text of `nemoclaw-sandbox@<sandbox>.service` where OpenShell runs the agent: the attendant, which serves it to the machine. The
 * unit is active once the agent answers; when it stops the agent goes on.
 *
 * @throws when a value could change the meaning of a line
 */
export function attendantUnit(unit: AttendantUnit): string {
  const { sandbox, node, bundle, agentVersion, statusPort, command, environment } = unit;
  const name = checked(sandbox);
  const own = `/run/nemoclaw-sandbox/${name}`;
  const variables = Object.entries({ HOME: home, ...environment });
  return `[Unit]
Description=NemoClaw sandbox ${name} (OpenShell)
Wants=nemoclaw-openshell.service
After=network.target nemoclaw-openshell.service
# An agent that cannot be reached now may be later; the attendant says why in the meantime.
StartLimitIntervalSec=0
${unlessStopped(name)}

[Service]
Type=notify
NotifyAccess=all
User=nemoclaw-openshell
SupplementaryGroups=nemoclaw-turns
${links([
  [`${own}/turns.sock`, `${name}.sock`],
  [`${own}/control.sock`, `${name}-control.sock`],
])}
ExecStart=${word(node)} ${word(bundle)} --sandbox ${name} --agent-version ${word(agentVersion)} --status-port ${Number(statusPort)} -- ${command.map((text) => quoted(text)).join(" ")}
Restart=always
RestartSec=5
TimeoutStartSec=300
# The signal goes to the attendant alone, which ends its command.
KillMode=mixed
TimeoutStopSec=20
RuntimeDirectory=nemoclaw-sandbox/${name}
# Passable, because clients of other users connect to the turn socket in it.
RuntimeDirectoryMode=0711
${variables.map(([key, value]) => `Environment=${quoted(`${word(key)}=${value}`, { dollars: false })}\n`).join("")}WorkingDirectory=${own}
UMask=0077
${journal(name)}

MemoryMax=512M
TasksMax=128
${hardened}
ProtectProc=invisible
# The openshell program keeps what it knows of its gateway there.
ReadWritePaths=${home}
# OpenShell's gateway is on the loopback; nothing else is any of this unit's business.
IPAddressDeny=any
IPAddressAllow=localhost

[Install]
WantedBy=multi-user.target
`;
}
