import { environment } from "./cli.ts";
import { dialectOf } from "./dialect.ts";
import { paths, user } from "./paths.ts";

/**
 * Text of `nemoclaw-openshell.service`: the gateway, as a service of the machine, so that it starts with it and no login has
 * a part in it. The package's own unit is a user's, which systemd ends with that user's last session.
 */
export function gatewayUnit(version: string): string {
  const program = `/opt/nemoclaw/openshell-gateway/${version}/openshell-gateway`;
  // What is wrong with the file is then said in its own words, and not by a gateway that does not come up.
  const preflight = dialectOf(version).preflight
    ? `ExecStartPre=${program} config preflight --path ${paths.config}\n`
    : "";
  return `[Unit]
Description=OpenShell gateway ${version}
Documentation=https://docs.nvidia.com/openshell
Wants=network-online.target
# Before Docker in going down: the gateway stops its sandboxes in order, and starts the same ones again.
Requires=docker.service
After=docker.service network-online.target

[Service]
User=${user}
Group=${user}
${Object.entries(environment)
  .map(([name, value]) => `Environment=${name}=${value}`)
  .join("\n")}
Environment=OPENSHELL_GATEWAY_CONFIG=${paths.config}
Environment=OPENSHELL_TELEMETRY_ENABLED=false
${preflight}# Keeps the keys that are there; without them the gateway would make no sandbox.
ExecStartPre=${program} generate-certs --output-dir ${paths.keys} --server-san host.openshell.internal
ExecStart=${program}
Restart=always
RestartSec=3
# Time for its sandboxes to stop. Whoever starts the next one waits for this one's end, or it would stop what that one starts.
TimeoutStopSec=120
UMask=0077
StateDirectory=nemoclaw-openshell
StateDirectoryMode=0700
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}
