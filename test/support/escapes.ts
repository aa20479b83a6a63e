/** One try to get out of the sandbox, run inside it as the agent's user. */
export interface Attempt {
  /** What is tried, as a sentence that must not come true. */
  readonly name: string;
  readonly argv: readonly string[];
  /** What its output must match: it says how the try was refused, so that a try which never ran cannot pass. */
  readonly expect: RegExp;
  /** Run on the machine before it, as root: what there is to be reached. */
  readonly before?: readonly string[];
  /** Run on the machine after it, as root. */
  readonly after?: readonly string[];
}

/**
 * What an attempt can only know of the machine it is made on: shell that prints it there, and nothing where there is no such thing.
 * The name stands in its words.
 */
export const ofMachine: Readonly<Record<string, string>> = {
  MACHINE_ADDRESS: `address=$(ip -4 -o address show dev eth0 | grep -o 'inet [0-9.]*' | cut -d' ' -f2); timeout 5 bash -c "</dev/tcp/$address/22" && echo "$address"`,
  SUPERVISOR_PID: "systemctl show --value --property=MainPID nemoclaw-sandbox@main | grep -vx 0",
};

const shell = (script: string) => ["/bin/sh", "-c", script];
// Perl, because it is on every Debian and can make any system call.
const perl = (script: string) => ["/usr/bin/perl", "-e", script];

/** Direct connections: there is no network inside but its own loopback. */
function direct(address: string, port: number, expect: RegExp): Attempt {
  const script = `const s = require("net").connect({ host: "${address}", port: ${port}, timeout: 3000 });
s.on("connect", () => { console.log("CONNECTED"); process.exit(); });
s.on("timeout", () => { console.log("TIMEOUT"); process.exit(); });
s.on("error", (e) => { console.log("refused", e.code); process.exit(); });`;
  return { name: `connects to ${address}:${port} directly`, argv: ["node", "-e", script], expect };
}

/** The same through the proxy, which must know an address of the machine however it is written. */
function proxied(url: string, more = ""): Attempt {
  const curl = `curl -sS -m 10 -o /dev/null -w '%{http_code} %{http_connect}' --noproxy '' -x http://localhost:3128 ${more} '${url}' 2>&1`;
  return { name: `fetches ${url} through the proxy ${more}`.trim(), argv: shell(curl), expect: /\b403\b/ };
}

function family(name: string, number: number, type: number, protocol: number, expect: RegExp): Attempt {
  const script = `print socket(my $s, ${number}, ${type}, ${protocol}) ? "MADE" : "refused: $!"`;
  return { name: `makes a socket of the ${name} family`, argv: perl(script), expect };
}

/**
 * A family that the unit shuts. It is asked for a type that no kernel has: a kernel that gets to see that calls the type invalid whether
 * or not it has the family's module, and the unit's filter answers before. The family itself would be refused without a module, too.
 */
function shutFamily(name: string, number: number, expect = /^refused: Address family not supported/): Attempt {
  const noSuchType = 11;
  return {
    ...family(name, number, noSuchType, 0, expect),
    name: `gets to ${name} sockets`,
  };
}

function call(name: string, [x64, arm64]: readonly [number, number], args: string, expect = /^refused: /): Attempt {
  const script = `use POSIX; my $n = (POSIX::uname())[4] eq "x86_64" ? ${x64} : ${arm64};
my @a = (${args}); my $r = syscall($n, @a); print $r == -1 ? "refused: $!" : "DONE $r"`;
  return { name, argv: perl(script), expect };
}

function reads(path: string): Attempt {
  return {
    name: `reads ${path}`,
    argv: shell(`cat '${path}' >/dev/null 2>/tmp/said && echo READ || sed 's/^/refused: /' /tmp/said`),
    expect: /^refused: .*(No such file|Permission denied|Is a directory)/,
  };
}

const segment = 0x6e_65_6d_6f;

/** Every way out that is known; each is refused, and a new one is one more row. */
export const escapes: readonly Attempt[] = [
  // The network
  direct("127.0.0.1", 22, /^refused ECONNREFUSED/),
  direct("127.0.0.1", 17871, /^refused ECONNREFUSED/),
  direct("1.1.1.1", 443, /^refused ENETUNREACH/),
  direct("169.254.169.254", 80, /^refused ENETUNREACH/),
  direct("10.0.0.1", 22, /^refused ENETUNREACH/),
  direct("MACHINE_ADDRESS", 22, /^refused ENETUNREACH/),
  ...[
    "MACHINE_ADDRESS:22",
    "127.0.0.1:22",
    "localhost:22",
    "0.0.0.0:22",
    "127.1:22",
    "2130706433:22",
    "[::1]:22",
    "[::ffff:127.0.0.1]:22",
  ].flatMap((host) => [proxied(`http://${host}/`), proxied(`http://${host}/`, "-p")]),
  proxied("http://169.254.169.254/latest/meta-data/"),
  proxied("http://metadata.google.internal/"),
  proxied("https://example.com/"),
  proxied("http://inference.local:22/"),
  proxied("http://inference.local/v1/files"),
  proxied("http://inference.local/v1/models/../files", "--path-as-is"),
  proxied("http://inference.local/v1/%2e%2e/files", "--path-as-is"),
  {
    name: "speaks SOCKS to the proxy",
    argv: shell(
      "curl -sS -m 10 --noproxy '' --socks5-hostname localhost:1080 http://inference.local/v1/models 2>&1; echo end $?",
    ),
    expect: /end [1-9]/,
  },
  // Other families of sockets
  family("unix", 1, 1, 0, /^refused: Operation not permitted/),
  // sandbox-runtime's own filter shuts that one as it does the unix family, and answers before the unit's.
  shutFamily("VSOCK", 40, /^refused: Operation not permitted/),
  shutFamily("packet", 17),
  shutFamily("ALG", 38),
  shutFamily("key", 15),
  shutFamily("bluetooth", 31),
  family("raw ICMP", 2, 3, 1, /^refused: Operation not permitted/),
  // What ping uses where a machine lets its groups: the sandbox's own network lets none.
  family("ICMP datagram", 2, 2, 1, /^refused: Permission denied/),
  // Kernel interfaces
  call("sets up io_uring", [425, 425], `8, "\\0" x 120`),
  call("makes a user namespace", [272, 97], "0x10000000"),
  call("makes a mount namespace", [272, 97], "0x00020000"),
  call("makes a control group namespace", [272, 97], "0x02000000"),
  call("mounts the control groups", [165, 40], `"none", "/tmp", "cgroup2", 0, 0`),
  call("mounts over /usr", [165, 40], `"none", "/usr", "tmpfs", 0, 0`),
  call("remounts /usr writable", [165, 40], `"none", "/usr", 0, 0x1020, 0`),
  call("unmounts /usr", [166, 39], `"/usr", 2`),
  call("enters a namespace of process 1", [308, 268], "0, 0"),
  call("makes a block device", [259, 33], `-100, "/sandbox/disk", 060600, 0x800`),
  call("sets the hostname", [170, 161], `"escaped", 7`),
  call("loads a BPF program", [321, 280], `0, "\\0" x 120, 120`),
  call("reads the kernel's log", [103, 116], `3, "\\0" x 64, 64`),
  call("uses a key ring", [250, 219], "0, -3, 0"),
  call("handles page faults itself", [323, 282], "0"),
  call("opens a performance counter", [298, 241], `"\\0" x 120, 0, -1, -1, 0`),
  call("sets the clock", [227, 112], `0, "\\0" x 16`),
  call("opens a file by its handle", [304, 265], `-100, "\\0" x 64, 0`),
  {
    name: "sees the machine's /sys",
    argv: shell("ls -A /sys | wc -l | sed 's/^0$/nothing/'"),
    expect: /^nothing/,
  },
  {
    // It sees the name of its control group, which is the machine's; there is nothing to write to.
    name: "raises the limits of its control group",
    argv: shell(
      `group=$(sed -n 's/^0:://p' /proc/self/cgroup); echo "group $group"; echo max 2>&1 >"/sys/fs/cgroup$group/memory.max" && echo RAISED || echo refused`,
    ),
    expect: /^group [\s\S]*(nonexistent|No such file|Permission denied)[\s\S]*refused/,
  },
  {
    name: "shares System V memory with the machine",
    before: ["perl", "-e", `shmget(${segment}, 4096, 01666) // die "$!"`],
    argv: perl(`print defined shmget(${segment}, 4096, 0) ? "SHARED" : "refused: $!"`),
    expect: /^refused: No such file/,
    after: ["ipcrm", "-M", `0x${segment.toString(16)}`],
  },
  // Processes
  {
    name: "sees a process of the machine",
    argv: shell("cat /proc/[0-9]*/comm | grep -cx 'systemd\\|systemd-journal\\|sshd\\|init' | sed 's/^0$/none/'"),
    expect: /^none/,
  },
  {
    // It runs as the same user, so that only its number is in the way.
    name: "signals the supervisor",
    argv: perl(`print kill(0, SUPERVISOR_PID) ? "REACHED" : "refused: $!"`),
    expect: /^refused: No such process/,
  },
  {
    name: "looks into process 1",
    argv: shell("ls /proc/1/root/etc /proc/1/cwd/ 2>&1; tr '\\0' '\\n' 2>&1 </proc/1/environ; echo end"),
    expect: /^((ls: |\/bin\/sh: ).*(No such file|Permission denied)\n)+end/,
  },
  {
    name: "becomes root",
    argv: shell("su -c id root </dev/null 2>&1; sudo -n id 2>&1; echo end"),
    expect: /^(?![\s\S]*uid=0)[\s\S]*end/,
  },
  {
    name: "gains a capability",
    argv: shell("grep -E 'Cap(Eff|Prm|Inh|Amb)|NoNewPrivs|Seccomp:' /proc/self/status"),
    expect: /CapPrm:\s+0+\nCapEff:\s+0+\n[\s\S]*NoNewPrivs:\s+1\nSeccomp:\s+2/,
  },
  {
    name: "inherits an open file",
    argv: ["/bin/ls", "-x", "/proc/self/fd"],
    // The fourth is the folder that is being listed.
    expect: /^0\s+1\s+2\s+3\s*$/,
  },
  {
    name: "inherits a variable of the unit",
    argv: shell(
      "env | grep -E '^(NOTIFY_SOCKET|CREDENTIALS_DIRECTORY|INVOCATION_ID|OPENCLAW_GATEWAY_TOKEN|STATE_DIRECTORY)=' || echo none",
    ),
    expect: /^none/,
  },
  // Files
  ...[
    "/etc/shadow",
    "/root/.ssh/authorized_keys",
    "/etc/nemoclaw/credentials/nemoclaw-route@main.inference-key",
    "/etc/nemoclaw/main/policy.json",
    "/var/lib/nemoclaw/main/workspace/keep",
    "/var/lib/nemoclaw/main/gate/ca.key",
    "/var/lib/nemoclaw/main/gate-ca/ca.crt",
    "/run/nemoclaw/main-route.json",
    "/run/nemoclaw-sandbox/main/control.sock",
    "/run/credentials/nemoclaw-route@main.service/inference-key",
    "/proc/self/root/root/.profile",
    "/proc/1/root/etc/shadow",
    "/sandbox/../root/.profile",
    "/proc/kcore",
    "/dev/sda",
    "/dev/mem",
    "/dev/kmsg",
  ].map(reads),
  ...["/usr/escaped", "/usr/local/bin/node", "/etc/escaped", "/opt/nemoclaw/node/current/bin/node"].map((path) => ({
    name: `writes ${path}`,
    argv: shell(`echo escaped 2>&1 >'${path}' && echo WRITTEN || echo refused`),
    expect: /(Read-only file system|nonexistent|No such file|Directory nonexistent)[\s\S]*refused/,
  })),
  {
    name: "follows a link from the workspace",
    argv: shell("ln -sfn /root /sandbox/link && ls /sandbox/link/.profile 2>&1; rm -f /sandbox/link"),
    expect: /No such file|Permission denied/,
  },
  {
    name: "makes a hard link to a file outside",
    argv: shell("ln /etc/passwd /sandbox/passwd 2>&1 && echo LINKED || echo refused; rm -f /sandbox/passwd"),
    expect: /refused/,
  },
  {
    name: "moves the workspace away",
    // Not mv, which copies and deletes where it cannot rename.
    argv: perl(`print rename("/sandbox", "/tmp/moved") ? "MOVED" : "refused: $!"`),
    expect: /^refused: /,
  },
];
