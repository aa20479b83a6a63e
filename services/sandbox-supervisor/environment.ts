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
    LANG: "C.UTF-8",
    // Not in the workspace, which is the user's.
    XDG_CACHE_HOME: `${state}/cache`,
    TERM: "dumb",
    // The gate ends TLS under an authority of its own, and every family of programs has another way to be told about it.
    NODE_EXTRA_CA_CERTS: authorities,
    SSL_CERT_FILE: authorities,
    CURL_CA_BUNDLE: authorities,
    REQUESTS_CA_BUNDLE: authorities,
    GIT_SSL_CAINFO: authorities,
    // Node's fetch takes no notice of the proxy variables without it.
    NODE_USE_ENV_PROXY: "1",
    DO_NOT_TRACK: "1",
    OPENCLAW_STATE_DIR: state,
    OPENCLAW_CONFIG_PATH: `${state}/openclaw.json`,
    OPENCLAW_GATEWAY_TOKEN: token,
    OPENCLAW_NO_RESPAWN: "1",
    OPENCLAW_NO_AUTO_UPDATE: "1",
    OPENCLAW_DISABLE_BONJOUR: "1",
    OPENCLAW_SKIP_CHANNELS: "1",
    OPENCLAW_SKIP_CRON: "1",
    OPENCLAW_SKIP_GMAIL_WATCHER: "1",
    OPENCLAW_EXEC_SHELL_SNAPSHOT: "0",
    NEMOCLAW_AGENT_ENTRY: entry,
  };
}
