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
# What a release makes of the database, the one before may not be able to read: it is copied while neither runs.
ExecStartPre=/bin/sh -ec '${keepDatabase(version)}'
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

/** Copies the database when the release that is about to start is not the one that started last. `$$` is systemd's `$`. */
function keepDatabase(version: string): string {
  const copy = paths.beforeUpgrade;
  const whenAnother = [
    `rm -rf ${copy}.new`,
    `mkdir ${copy}.new`,
    `cp -a ${paths.database} ${copy}.new/`,
    `echo "$$last" >${copy}.new/release`,
    `rm -rf ${copy}`,
    `mv ${copy}.new ${copy}`,
  ];
  return [
    `cd ${paths.home}`,
    "last=$$(cat last-release 2>/dev/null || echo unknown)",
    `if test -e ${paths.database}/openshell.db && test "$$last" != ${version}`,
    `then ${whenAnother.join("; ")}`,
    "fi",
    `echo ${version} >last-release`,
  ].join("; \\\n  ");
}
