/** Where the embedded runtime keeps things on a machine; one place, because programs, units and people all look there. */
export const paths = {
  node: "/opt/nemoclaw/node/current/bin/node",
  npm: "/opt/nemoclaw/npm/current/bin/npm-cli.js",
  programs: "/opt/nemoclaw/supervisor/current",
  program: (version: string, file: string) => `/opt/nemoclaw/supervisor/${version}/${file}`,
  agent: (version: string) => `/opt/nemoclaw/agent/${version}`,
  owner: "/etc/nemoclaw/owner.json",
  trust: "/etc/nemoclaw/trust.pem",
  config: (sandbox: string, file: "sandbox" | "policy" | "route" | "bridge") => `/etc/nemoclaw/${sandbox}/${file}.json`,
  credential: (unit: string, name: string) => `/etc/nemoclaw/credentials/${unit}.${name}`,
  data: (sandbox: string, part: "workspace" | "agent" | "bridge" | "gate" | "gate-ca") =>
    `/var/lib/nemoclaw/${sandbox}/${part}`,
  turns: (sandbox: string) => `/run/nemoclaw/${sandbox}.sock`,
  control: (sandbox: string) => `/run/nemoclaw/${sandbox}-control.sock`,
  status: (sandbox: string, part: "gate" | "route" | "bridge") => `/run/nemoclaw/${sandbox}-${part}.json`,
  routeSocket: (sandbox: string) => `/run/nemoclaw/${sandbox}-route.sock`,
} as const;

/** The systemd unit of one part of a sandbox. */
export const unitName = (part: "sandbox" | "gate" | "route" | "bridge" | "tunnel", sandbox: string): string =>
  `nemoclaw-${part}@${sandbox}.service`;

/** System users, one for each part that must not reach into another. */
export const users = {
  sandbox: "nemoclaw-sandbox",
  gate: "nemoclaw-gate",
  route: "nemoclaw-route",
  bridge: "nemoclaw-bridge",
  tunnel: "nemoclaw-tunnel",
} as const;

/** May send turns: the agent's own user and the bridge's. */
export const turnsGroup = "nemoclaw-turns";

/** Ports on the machine's loopback: the sandbox's way out, and the supervisor's status page. */
export const ports = { gate: 17871, status: 17872 } as const;
