const home = "/var/lib/nemoclaw-openshell";

/** Where OpenShell and what it runs are on a machine; one place, because programs, units and people all look there. */
export const paths = {
  home,
  /** A local authority, and the keys of gateway, CLI and sandboxes; made on the machine, and they never leave it. */
  keys: `${home}/keys`,
  config: "/etc/nemoclaw/openshell/gateway.toml",
  /** The gateway's database, and the key without which the credentials in it cannot be read. */
  database: `${home}/state/openshell/gateway`,
  /** The same, as the release before left it. */
  beforeUpgrade: `${home}/before-upgrade`,
  bin: "/opt/nemoclaw/openshell/current",
  programs: (version: string) => `/opt/nemoclaw/supervisor/${version}`,
  policy: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-policy.json`,
  /** The policy that was last loaded, with its network part: what a sandbox made anew begins with. */
  livePolicy: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-live-policy.json`,
  madeWith: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-made-with.json`,
  /** A script that makes the sandbox as it was made last, unless it is so already. */
  maker: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-make.sh`,
  /** What is noted of the inference provider. */
  route: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-route.json`,
  profile: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-profile.yaml`,
  profileNote: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-profile-note.json`,
  startedWith: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-started-with.json`,
  /** What a service called its model when it was asked, and since when the agent is led there. */
  answersAs: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-answers-as.json`,
  ledSince: (sandbox: string) => `/etc/nemoclaw/${sandbox}/openshell-led-since`,
  /** A folder that the sandbox sees, with a file that says where the agent asks its model. */
  led: (sandbox: string) => `/etc/nemoclaw/${sandbox}/led`,
} as const;

/** The same places as a sandbox sees them. */
export const inside = {
  /** What policies call the workspace. */
  workspace: "/sandbox",
  /**
   * The image's working directory. It is not the workspace, because OpenShell mounts nothing over a working directory, and the
   * workspace must outlive every sandbox.
   */
  home: "/agent",
  state: "/agent/state",
  orders: "/agent/orders.sock",
  led: "/agent/led",
} as const;

/** Where OpenShell 0.0.11x answers inside a sandbox, and what the agent calls the model there: the gateway puts the real one in. */
export const inferenceLocal = { baseUrl: "https://inference.local/v1", model: "routed" } as const;

/** The user of gateway and CLI. It may use Docker, which is as good as being root: nothing else runs as it. */
export const user = "nemoclaw-openshell";

export const gatewayUnitName = "nemoclaw-openshell.service";

/** Of the gateway, on the machine's loopback; OpenShell's own default. */
export const gatewayPort = 17670;

/** What the CLI calls the gateway. */
export const gatewayName = "nemoclaw";
