/** Where one sandbox's files are on the machine. */
export interface SandboxPaths {
  /** The static part of the policy, the agent's version and the ports, written by the deployment. */
  readonly config: string;
  /** The agent's state: its settings, its conversations. Writable inside. */
  readonly state: string;
  /** The workspace as the unit shows it, and as policies call it. */
  readonly workspace: string;
  /** Certificate of the authority under which the egress gate terminates TLS. */
  readonly gateAuthority: string;
  /** What the machine itself trusts. */
  readonly systemAuthorities: string;
  /** Ours alone, gone when the unit stops. */
  readonly runtime: string;
  /** The relays' sockets, where the sandbox can see them. */
  readonly relays: string;
  /** Authorities for the programs inside, where the sandbox can see them. */
  readonly trust: string;
  readonly turns: string;
  readonly control: string;
}

/**
 * The paths of one sandbox.
 *
 * @throws when the name could lead out of the folders
 */
export function sandboxPaths(sandbox: string): SandboxPaths {
  checkName(sandbox);
  const runtime = `/run/nemoclaw-sandbox/${sandbox}`;
  return {
    config: `/etc/nemoclaw/${sandbox}/sandbox.json`,
    state: `/var/lib/nemoclaw/${sandbox}/agent`,
    workspace: "/sandbox",
    gateAuthority: `/var/lib/nemoclaw/${sandbox}/gate-ca/ca.crt`,
    systemAuthorities: "/etc/ssl/certs/ca-certificates.crt",
    runtime,
    relays: `${runtime}/relays`,
    trust: `${runtime}/trust`,
    turns: `${runtime}/turns.sock`,
    control: `${runtime}/control.sock`,
  };
}

/** The sockets' agreed places, where clients look: links that the unit makes. */
export function socketPath(sandbox: string, socket: "turns" | "control"): string {
  checkName(sandbox);
  return `/run/nemoclaw/${sandbox}${socket === "control" ? "-control" : ""}.sock`;
}

/** @throws when a text is no sandbox's name: small letters, digits and dashes, at most 40 */
export function checkName(sandbox: string): void {
  // 40, because a socket's path has room for 107 bytes in all.
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(sandbox)) throw new Error(`not a sandbox's name: ${JSON.stringify(sandbox)}`);
}
