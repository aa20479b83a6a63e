/** What the environment inside is made from. */
export interface Inside {
  /** Folder of Node's programs. */
  readonly bin: string;
  readonly home: string;
  readonly state: string;
  /** The agent's entry file. */
  readonly entry: string;
  /** Bundle of authorities. */
  readonly authorities: string;
  /** Between the first program and the agent's gateway; new at each start. */
  readonly token: string;
}

/**
 * The whole environment of the wrapped tree, to which sandbox-runtime adds its proxy variables. Nothing of ours is inherited:
 * systemd's own variables name its sockets.
 */
export function insideEnvironment({ bin, home, state, entry, authorities, token }: Inside): Record<string, string> {
  return {
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    USER: "nemoclaw-sandbox",
    LOGNAME: "nemoclaw-sandbox",
    SHELL: "/bin/bash",
    // The gate ends TLS under an authority of its own, and every family of programs has another way to be told about it.
    NODE_EXTRA_CA_CERTS: authorities,
    SSL_CERT_FILE: authorities,
    CURL_CA_BUNDLE: authorities,
    REQUESTS_CA_BUNDLE: authorities,
    GIT_SSL_CAINFO: authorities,
    // Node's fetch takes no notice of the proxy variables without it.
    NODE_USE_ENV_PROXY: "1",
    ...agentEnvironment(state),
    OPENCLAW_GATEWAY_TOKEN: token,
    NEMOCLAW_AGENT_ENTRY: entry,
  };
}

export interface Container {
  /** What whoever runs the container has set: its proxy and its authorities, among others. */
  readonly inherited: NodeJS.ProcessEnv;
  readonly bin: string;
  readonly home: string;
  readonly state: string;
}

/** The environment of the agent in a container that somebody else runs, who says how to get out of it. */
export function containerEnvironment({ inherited, bin, home, state }: Container): NodeJS.ProcessEnv {
  const path = inherited.PATH ?? "/usr/local/bin:/usr/bin:/bin";
  return {
    NODE_USE_ENV_PROXY: "1",
    SHELL: "/bin/bash",
    // SQLite takes /var/tmp if it seems writable, as it does where Landlock refuses it: it asks for the file's mode only.
    TMPDIR: "/tmp",
    ...inherited,
    PATH: `${bin}:${path}`,
    HOME: home,
    ...agentEnvironment(state),
  };
}

// What the agent needs wherever it runs.
function agentEnvironment(state: string): Record<string, string> {
  return {
    LANG: "C.UTF-8",
    TERM: "dumb",
    // Not in the workspace, which is the user's.
    XDG_CACHE_HOME: `${state}/cache`,
    DO_NOT_TRACK: "1",
    OPENCLAW_STATE_DIR: state,
    OPENCLAW_CONFIG_PATH: `${state}/openclaw.json`,
    OPENCLAW_NO_RESPAWN: "1",
    OPENCLAW_NO_AUTO_UPDATE: "1",
    OPENCLAW_DISABLE_BONJOUR: "1",
    OPENCLAW_SKIP_CHANNELS: "1",
    OPENCLAW_SKIP_CRON: "1",
    OPENCLAW_SKIP_GMAIL_WATCHER: "1",
    OPENCLAW_EXEC_SHELL_SNAPSHOT: "0",
  };
}
