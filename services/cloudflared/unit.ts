import { hardened } from "../hardened.ts";
import { unlessStopped } from "../stopped-condition.ts";

/** What a tunnel's unit is made from. */
export interface TunnelUnit {
  /** The sandbox's name: small letters, digits and dashes. */
  readonly sandbox: string;
  /** Absolute path of cloudflared on the machine: `/opt/nemoclaw/cloudflared/current/cloudflared`. */
  readonly binary: string;
  /** `quick`: a random public name, no account. `named`: a tunnel of an account, whose token is a credential. */
  readonly kind: "quick" | "named";
  /** What a quick tunnel points at. A named tunnel's origin is part of its configuration at Cloudflare. */
  readonly origin: { readonly host: string; readonly port: number };
  /** Loopback port for `/ready` and `/quicktunnel`. */
  readonly metricsPort: number;
}

/**
 * The text of `nemoclaw-tunnel@<sandbox>.service`. That cloudflared runs says nothing about the tunnel, which is ready when
 * `http://127.0.0.1:<metricsPort>/ready` answers 200; so the unit is not of the `notify` type, under which systemd would end
 * a cloudflared that is still waiting for its network.
 *
 * @throws when a value could change the meaning of a line
 */
export function tunnelUnit({ sandbox, binary, kind, origin, metricsPort }: TunnelUnit): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(sandbox)) throw new Error(`not a sandbox's name: ${JSON.stringify(sandbox)}`);
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(origin.host)) throw new Error(`not a host: ${JSON.stringify(origin.host)}`);
  const common = `tunnel --no-autoupdate --metrics 127.0.0.1:${metricsPort}`;
  const command = {
    quick: `${common} --url http://${origin.host}:${origin.port}`,
    // The file, never --token: an argument is open to every user of the machine. (systemd puts the folder's path in.)
    named: `${common} run --token-file \${CREDENTIALS_DIRECTORY}/tunnel-token`,
  }[kind];
  const credential =
    kind === "named"
      ? `LoadCredential=tunnel-token:/etc/nemoclaw/credentials/nemoclaw-tunnel@${sandbox}.tunnel-token\n`
      : "";
  return `[Unit]
Description=NemoClaw cloudflared tunnel (${kind}) of sandbox ${sandbox}
Wants=network-online.target
After=network-online.target nemoclaw-sandbox@${sandbox}.service
StartLimitIntervalSec=0
${unlessStopped(sandbox)}

[Service]
Type=exec
User=nemoclaw-tunnel
Group=nemoclaw-tunnel
${credential}ExecStart=${binary} ${command}
Restart=always
RestartSec=10
TimeoutStopSec=45
UMask=0077

MemoryMax=512M
TasksMax=256
${hardened}
# Another cloudflared's configuration on this machine would be read by ours and change what it serves.
InaccessiblePaths=-/etc/cloudflared -/usr/local/etc/cloudflared

[Install]
WantedBy=multi-user.target
`;
}
