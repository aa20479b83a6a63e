/** A path the agent needs to run at all, whatever its policy lists. */
export interface Need {
  readonly path: string;
  readonly reason: string;
}

/** Where the programs are that run inside. */
export interface ProgramPlaces {
  /** Folder of Node: `/opt/nemoclaw/node/24.21.0`. */
  readonly node: string;
  /** Folder of the agent's package and its dependencies. */
  readonly agent: string;
  /** The first program inside, one file. */
  readonly loop: string;
  /** sandbox-runtime's own folder. */
  readonly sandboxRuntime: string;
  /** Sockets of the two relays that lead to the egress gate. */
  readonly relays: string;
  /** Bundle of the authorities that programs inside trust. */
  readonly trust: string;
}

/**
 * What is readable inside besides the policy's own paths. Nothing else is: a new need is one more row here, with its reason.
 */
export function needs({ node, agent, loop, sandboxRuntime, relays, trust }: ProgramPlaces): Need[] {
  return [
    { path: "/usr", reason: "programs and shared libraries; the folders /bin, /lib and so on are links into it" },
    { path: "/bin", reason: "as /usr, on a system that has not merged them" },
    { path: "/sbin", reason: "as /usr, on a system that has not merged them" },
    { path: "/lib", reason: "as /usr, on a system that has not merged them" },
    { path: "/lib64", reason: "the loader that every program names" },
    { path: "/etc/ld.so.cache", reason: "where the loader finds libraries" },
    { path: "/etc/alternatives", reason: "Debian's links to programs such as awk and editor" },
    { path: "/etc/passwd", reason: "names of users; programs ask for their own" },
    { path: "/etc/group", reason: "names of groups" },
    { path: "/etc/nsswitch.conf", reason: "tells programs to look in the files above" },
    { path: "/etc/hosts", reason: "localhost, where the agent's own gateway listens" },
    {
      path: "/etc/resolv.conf",
      reason: "read by every program that resolves names, although no resolver can be reached",
    },
    { path: "/etc/ssl/certs", reason: "public authorities, for programs that look nowhere else" },
    { path: "/etc/ssl/openssl.cnf", reason: "programs that use OpenSSL complain without it" },
    { path: node, reason: "Node runs the agent" },
    { path: agent, reason: "the agent itself" },
    { path: loop, reason: "the first program inside" },
    { path: `${sandboxRuntime}/vendor/seccomp`, reason: "the program that switches on the system call filter" },
    { path: relays, reason: "the sockets behind the proxy ports inside" },
    { path: trust, reason: "programs inside trust the egress gate's authority through it" },
  ];
}
