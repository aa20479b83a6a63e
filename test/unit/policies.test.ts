import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asEnforced } from "../../policies/as-enforced.ts";
import { canonical } from "../../policies/canonical.ts";
import { unenforceable } from "../../policies/embedded.ts";
import { hostMatches } from "../../policies/host-match.ts";
import { loadPolicy, presetNames } from "../../policies/load.ts";
import { mergePolicies } from "../../policies/merge.ts";
import { nearest } from "../../policies/nearest.ts";
import type { Policy } from "../../policies/policy.ts";
import { PolicyError, readPolicy } from "../../policies/read.ts";
import { judgeConnection, judgeRequest } from "../../services/egress-gate/judge.ts";
import { readPolicy as readGatePolicy } from "../../services/egress-gate/policy.ts";
import { readTarget } from "../../services/egress-gate/request-target.ts";

/** The faults that something throws, each as place, path and message. */
function faultsOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues.map(({ file, line, path, message }) => `${file}:${line} ${path}: ${message}`);
  }
}

const own = (text: string) => ({ presets: [], text });
const fileText = (path: string) => readFileSync(path, "utf8");

/** Loads with a file of the stack's own that is only in this test. */
function load({ presets, text }: { presets: string[]; text: string }) {
  return loadPolicy({ presets, file: "mine.yaml" }, (path) => (path.endsWith("mine.yaml") ? text : fileText(path)));
}

describe("the baseline", () => {
  const { policy, sources } = loadPolicy({ presets: [] });

  test("opens nothing and is enforced whole", () => {
    expect(policy.network_policies).toEqual({});
    expect(unenforceable(policy)).toEqual([]);
    expect(asEnforced(policy, "embedded")).toEqual(policy);
    expect(sources.map(({ name }) => name)).toEqual(["baseline"]);
  });

  test("has the paths of OpenShell's default", () => {
    expect(policy.filesystem_policy).toEqual({
      include_workdir: true,
      read_only: ["/app", "/dev/urandom", "/etc", "/lib", "/proc", "/usr", "/var/log"],
      read_write: ["/dev/null", "/sandbox", "/tmp"],
    });
  });
});

describe("presets", () => {
  test("are the ones there should be", () => {
    const expected = ["discord", "github", "huggingface", "npm", "nvidia", "pypi", "slack", "telegram"];
    expect(presetNames()).toEqual(expected);
  });

  test.each(presetNames())("%s opens one block of its own name and only binaries are coarser", (name) => {
    const { policy } = loadPolicy({ presets: [name] });
    expect(Object.keys(policy.network_policies)).toEqual([name]);
    expect(new Set(unenforceable(policy).map(({ accept }) => accept))).toEqual(new Set(["binaries"]));
    expect(asEnforced(policy, "embedded")).toEqual(policy);
  });

  test.each(presetNames())("%s says what it opens and what it leaves shut", (name) => {
    const text = fileText(`policies/presets/${name}.yaml`);
    expect(text).toMatch(/^# .+\n(#.*\n)*# Opens +\S/);
    expect(text).toMatch(/^# Leaves +\S/m);
  });

  test("go together", () => {
    const { policy } = loadPolicy({ presets: presetNames() });
    expect(Object.keys(policy.network_policies)).toEqual(presetNames());
  });

  test.each([
    ["github", "GET https://github.com/o/r.git/info/refs?service=git-upload-pack", true],
    ["github", "GET https://github.com/o/r.git/info/refs?service=git-receive-pack", false],
    ["github", "GET https://github.com/o/r.git/info/refs", false],
    ["github", "POST https://github.com/o/r.git/git-upload-pack", true],
    ["github", "POST https://github.com/o/r.git/git-receive-pack", false],
    ["github", "GET https://github.com/o/r/releases/download/v1/x.tgz", true],
    ["github", "GET https://api.github.com/repos/o/r", true],
    ["github", "HEAD https://api.github.com/repos/o/r", true],
    ["github", "POST https://api.github.com/repos/o/r/issues", false],
    ["github", "POST https://api.github.com/graphql", false],
    ["github", "GET https://raw.githubusercontent.com/o/r/main/x", true],
    ["github", "GET https://gist.githubusercontent.com/o/r/main/x", false],
    ["npm", "GET https://registry.npmjs.org/openclaw", true],
    ["npm", "GET https://registry.npmjs.org/@scope%2fname", true],
    ["npm", "PUT https://registry.npmjs.org/openclaw", false],
    ["npm", "POST https://registry.npmjs.org/-/npm/v1/security/advisories/bulk", false],
    ["pypi", "GET https://pypi.org/simple/requests/", true],
    ["pypi", "GET https://files.pythonhosted.org/packages/aa/bb/x.whl", true],
    ["pypi", "POST https://upload.pypi.org/legacy/", false],
    ["pypi", "GET https://pypi.org/account/login/", false],
    ["huggingface", "GET https://huggingface.co/api/models/o/m", true],
    ["huggingface", "GET https://cdn-lfs-us-1.hf.co/repos/x", true],
    ["huggingface", "GET https://cas-bridge.xethub.hf.co/x", true],
    ["huggingface", "POST https://huggingface.co/api/repos/create", false],
    ["huggingface", "POST https://router.huggingface.co/v1/chat/completions", false],
    ["telegram", "POST https://api.telegram.org/bot123:abc/sendMessage", true],
    ["telegram", "GET https://api.telegram.org/file/bot123:abc/photos/x.jpg", true],
    ["telegram", "POST https://api.telegram.org/bot123:abc/getUpdates", true],
    ["telegram", "POST https://api.telegram.org/bot123:abc/deleteWebhook", true],
    ["telegram", "POST https://api.telegram.org/bot123:abc/logOut", false],
    ["slack", "POST https://slack.com/api/chat.postMessage", true],
    ["slack", "POST https://slack.com/api/users.admin.invite", false],
    ["slack", "POST https://hooks.slack.com/services/T/B/x", false],
    ["slack", "CONNECT https://wss-primary.slack.com/", true],
    ["discord", "POST https://discord.com/api/v10/channels/1/messages", true],
    ["discord", "PUT https://discord.com/api/v10/channels/1/messages/2/reactions/x/@me", true],
    ["discord", "POST https://discord.com/api/v10/users/@me/channels", true],
    ["discord", "PATCH https://discord.com/api/v10/users/@me", false],
    ["discord", "GET https://discord.com/api/v10/channels/1/messages", true],
    ["discord", "POST https://discord.com/api/v10/channels/1/followers", false],
    ["discord", "PUT https://discord.com/api/v10/guilds/1/members/2/roles/3", false],
    ["discord", "GET https://discord.com/api/v10/applications/1/commands", true],
    ["discord", "POST https://discord.com/api/v10/applications/1/commands", true],
    ["discord", "PUT https://discord.com/api/v10/applications/1/commands", true],
    ["discord", "PATCH https://discord.com/api/v10/applications/1/commands/2", true],
    ["discord", "DELETE https://discord.com/api/v10/applications/1/commands/2", true],
    ["discord", "PUT https://discord.com/api/v10/applications/1/guilds/3/commands", true],
    ["discord", "PUT https://discord.com/api/v10/applications/1/guilds/3/commands/2/permissions", false],
    ["discord", "PATCH https://discord.com/api/v10/applications/@me", false],
    ["discord", "CONNECT https://gateway-us-east1-b.discord.gg/", true],
    ["nvidia", "POST https://integrate.api.nvidia.com/v1/chat/completions", true],
    ["nvidia", "GET https://integrate.api.nvidia.com/v1/models", true],
    ["nvidia", "POST https://integrate.api.nvidia.com/v1/assets", false],
  ])("%s: %s is allowed: %s", (name, request, allowed) => {
    const { policy } = loadPolicy({ presets: [name] });
    const gate = readGatePolicy(canonical({ version: 1, network_policies: policy.network_policies }));
    const [method = "", address = ""] = request.split(" ");
    const { hostname, pathname, searchParams } = new URL(address);
    const destination = { host: hostname, port: 443 };
    const query = new Map([...searchParams].map(([key, value]) => [key, [value]]));
    const verdict =
      method === "CONNECT"
        ? judgeConnection(gate, destination)
        : judgeRequest(gate, destination, { method, path: decodeURIComponent(pathname), query });
    expect(verdict.decision, verdict.reason).toBe(allowed ? "allow" : "deny");
    expect(judgeConnection(gate, { ...destination, port: 80 }).decision).toBe("deny");
  });

  // The Bot API takes its methods in any case; of the others it is not known what they take.
  test.each([
    ["telegram", "https://api.telegram.org/bot123:abc/", "setWebhook"],
    ["slack", "https://slack.com/api/", "admin.users.list"],
    ["discord", "https://discord.com/api/v10/channels/1/", "webhooks"],
    ["discord", "https://discord.com/api/v10/", "webhooks/1/token"],
  ])("%s: %s%s is shut however it is spelled", (name, before, shut) => {
    const { policy } = loadPolicy({ presets: [name] });
    const gate = readGatePolicy(canonical({ version: 1, network_policies: policy.network_policies }));
    const { hostname, pathname } = new URL(before);
    const first = shut.slice(0, 1);
    const encoded = `%${first.charCodeAt(0).toString(16)}${shut.slice(1)}`;
    const cased = [shut, shut.toLowerCase(), shut.toUpperCase(), `${first.toUpperCase()}${shut.slice(1)}`];
    const spellings = [
      ...cased,
      encoded,
      `${shut}/`,
      `${shut}//`,
      `${shut}?url=x`,
      `${shut};x`,
      `${shut}%20`,
      `${shut}%00`,
    ]
      .concat([`/${shut}`, `./${shut}`, `x/../${shut}`, `test/${shut}`, `test%2F${shut}`, `%2F${shut}`])
      .concat(`${shut}/x`, `x%2F..%2F${shut}`);
    const passed = spellings.flatMap((spelling) =>
      ["GET", "POST", "PUT", "get"].filter((method) => passes(gate, hostname, method, `${pathname}${spelling}`)),
    );
    expect(passed).toEqual([]);
  });

  test.each(presetNames())("%s lists what it allows: a rule that denies lets other spellings pass", (name) => {
    const { policy } = loadPolicy({ presets: [name] });
    const endpoints = Object.values(policy.network_policies).flatMap((block) => block.endpoints);
    expect(endpoints.filter(({ deny_rules = [] }) => deny_rules.length > 0)).toEqual([]);
    // What is meant is a method or two, and never whatever else somebody thinks of.
    expect(endpoints.flatMap(({ rules = [] }) => rules).filter(({ allow }) => allow.method === "*")).toEqual([]);
  });
});

/** Whether the gate lets a request through, as it came. */
function passes(gate: ReturnType<typeof readGatePolicy>, host: string, method: string, target: string): boolean {
  try {
    return judgeRequest(gate, { host, port: 443 }, { method, ...readTarget(target) }).decision !== "deny";
  } catch {
    return false; // what can be read in two ways is refused before it is judged
  }
}

describe("loading", () => {
  test("tells the faults of all files at once", () => {
    const text = "version: 1\nproces: {}\n";
    expect(faultsOf(() => load({ presets: ["githb", "zzz"], text }))).toEqual([
      expect.stringContaining('policy.presets[0]: there is no preset "githb"; there are discord, github'),
      expect.stringContaining('policy.presets[1]: there is no preset "zzz"'),
      'mine.yaml:2 proces: "proces" is not known here',
    ]);
  });

  test("a file that is not there", () => {
    expect(faultsOf(() => loadPolicy({ presets: [], file: "policies/none.yaml" }))).toEqual([
      expect.stringContaining("policy.file: policies/none.yaml cannot be read: there is no such file"),
    ]);
  });

  test("a preset named twice counts once", () => {
    expect(loadPolicy({ presets: ["npm", "npm"] }).sources).toHaveLength(2);
  });

  test("a preset's name never leaves its folder", () => {
    expect(faultsOf(() => loadPolicy({ presets: ["../baseline"] }))).toHaveLength(1);
  });

  test("a block of a preset's name that differs names both places", () => {
    const text =
      "version: 1\nnetwork_policies:\n  npm: { endpoints: [{ host: npm.example.com, port: 443 }], binaries: [/bin/sh] }\n";
    expect(faultsOf(() => load({ presets: ["npm"], text }))).toEqual([
      expect.stringMatching(
        /^mine\.yaml:3 network_policies\.npm: preset npm \(policies\/presets\/npm\.yaml:\d+\) and mine\.yaml \(mine\.yaml:3\) both have a block/,
      ),
    ]);
  });

  test("the same block twice is one", () => {
    const text = fileText("policies/presets/npm.yaml");
    expect(Object.keys(load({ presets: ["npm"], text }).policy.network_policies)).toEqual(["npm"]);
  });

  test("endpoints that take the same connection must agree how", () => {
    const text = `version: 1
network_policies:
  mine:
    endpoints:
      - { host: "*.github.com", port: 443, protocol: rest, access: full, enforcement: audit }
    binaries: [/bin/sh]
`;
    expect(faultsOf(() => load({ presets: ["github"], text }))).toEqual([
      ...[1, 3].map(
        (index) =>
          `mine.yaml:5 network_policies.mine.endpoints[0].enforcement: enforcement differs from network_policies.github.endpoints[${index}], which also takes *.github.com`,
      ),
    ]);
  });

  test("endpoints that agree may allow different things", () => {
    const text = `version: 1
network_policies:
  mine:
    endpoints:
      - { host: api.github.com, port: 443, protocol: rest, rules: [{ allow: { method: POST, path: /repos/o/r/issues } }] }
    binaries: [/bin/sh]
`;
    expect(faultsOf(() => load({ presets: ["github"], text }))).toEqual([]);
  });

  test("too many paths together", () => {
    const paths = Array.from({ length: 250 }, (_, i) => `/p${i}`).join(", ");
    const text = `version: 1\nfilesystem_policy: { read_only: [${paths}] }\n`;
    expect(faultsOf(() => load({ presets: [], text }))).toEqual([
      expect.stringContaining("filesystem_policy: all policies together: 260 paths, and at most 256 are allowed"),
    ]);
  });

  test("the stack's own file has the last word on single settings, and writing wins over reading", () => {
    const text =
      "version: 1\nlandlock: { compatibility: hard_requirement }\nfilesystem_policy: { read_write: [/app], include_workdir: false }\n";
    const { policy } = load({ presets: [], text });
    expect(policy.landlock).toEqual({ compatibility: "hard_requirement" });
    expect(policy.process).toEqual({ run_as_user: "sandbox", run_as_group: "sandbox" });
    expect(policy.filesystem_policy).toMatchObject({
      include_workdir: false,
      read_write: ["/app", "/dev/null", "/sandbox", "/tmp"],
    });
    expect(policy.filesystem_policy?.read_only).not.toContain("/app");
  });
});

describe("what the embedded runtime does not enforce", () => {
  const block = (endpoint: string) =>
    `version: 1\nnetwork_policies:\n  x: { endpoints: [{ ${endpoint} }], binaries: [{ path: /** }] }\n`;
  test.each([
    ["landlock: { compatibility: hard_requirement }", "landlock landlock.compatibility"],
    ["process: { run_as_user: 1500 }", "process process.run_as_user"],
    ["filesystem_policy: { read_write: [/dev/nvidia0] }", "devices filesystem_policy.read_write[1]"],
    ["filesystem_policy: { read_only: [/sys] }", "kernel-files filesystem_policy.read_only[5]"],
    ["filesystem_policy: { read_write: [/proc] }", "kernel-files filesystem_policy.read_write[1]"],
    ["filesystem_policy: { read_only: [/home/me] }", "homes filesystem_policy.read_only[3]"],
    ["filesystem_policy: { read_only: [/etc/nemoclaw/main] }", "deployment filesystem_policy.read_only[3]"],
    ["filesystem_policy: { read_only: [/var/lib/nemoclaw/shared] }", "deployment filesystem_policy.read_only[6]"],
    ["filesystem_policy: { read_write: [/run/nemoclaw] }", "deployment filesystem_policy.read_write[1]"],
    ["filesystem_policy: { read_write: [/var/run/nemoclaw/x] }", "deployment filesystem_policy.read_write[3]"],
    [
      "filesystem_policy: { read_only: [/sandbox/a], read_write: [/sandbox/a/b] }",
      "nesting filesystem_policy.read_write[2]",
    ],
    [
      "network_middlewares: { m: { middleware: x, endpoints: { include: [a.b.c] } } }",
      "middlewares network_middlewares.m",
    ],
  ])("%s", (part, expected) => {
    const { policy } = load(own(`version: 1\n${part}\n`));
    expect(unenforceable(policy).map(({ accept, path }) => `${accept} ${path}`)).toEqual([expected]);
  });

  test("a path that stays hidden is gone from what is enforced, and one whose name only begins so is not", () => {
    const paths = ["/etc/nemoclaw", "/home/me", "/etc/nemoclaw-site"];
    const { policy } = load(
      own(`version: 1\nfilesystem_policy: { read_only: [${paths}], read_write: [/run/nemoclaw/x] }\n`),
    );
    const { filesystem_policy: found } = asEnforced(policy, "embedded");
    expect(found?.read_only?.filter((path) => /nemoclaw|home/.test(path))).toEqual(["/etc/nemoclaw-site"]);
    expect(found?.read_write).toEqual(["/dev/null", "/sandbox", "/tmp"]);
    expect(asEnforced(policy, "openshell")).toEqual(policy);
  });

  test.each([
    [
      "host: a.b.c, port: 1, protocol: tcp",
      "protocols network_policies.x.endpoints[0].protocol",
      [{ host: "a.b.c", port: 1 }],
    ],
    [
      "host: a.b.c, port: 1, protocol: graphql, access: full",
      "protocols network_policies.x.endpoints[0].protocol",
      undefined,
    ],
    [
      "host: a.b.c, port: 1, protocol: mcp, mcp: { allow_all_known_mcp_methods: true }",
      "protocols network_policies.x.endpoints[0].protocol",
      undefined,
    ],
    [
      'host: a.b.c, port: 1, protocol: json-rpc, rules: [{ allow: { method: "*" } }]',
      "protocols network_policies.x.endpoints[0].protocol",
      undefined,
    ],
    [
      "host: a.b.c, port: 1, protocol: websocket, rules: [{ allow: { operation_type: query } }]",
      "protocols network_policies.x.endpoints[0].protocol",
      undefined,
    ],
    [
      "host: a.b.c, port: 1, credential_binding: { provider: p }",
      "credentials network_policies.x.endpoints[0].credential_binding",
      [{ host: "a.b.c", port: 1 }],
    ],
  ])("%s", (endpoint, expected, left) => {
    const { policy } = load(own(block(endpoint)));
    expect(unenforceable(policy).map(({ accept, path }) => `${accept} ${path}`)).toEqual([expected]);
    expect(asEnforced(policy, "embedded").network_policies.x?.endpoints).toEqual(left);
    expect(unenforceable(asEnforced(policy, "embedded"))).toEqual([]);
  });

  test.each([
    "host: a.b.c, port: 1",
    "host: a.b.c, port: 1, protocol: rest, access: full, enforcement: audit, tls: terminate",
    "host: a.b.c, port: 1, protocol: websocket, access: read-write",
    "port: 1, allowed_ips: [10.0.0.0/8]",
    "host: a.b.c, port: 1, tls: skip",
  ])("%s is enforced, and the gate takes it", (endpoint) => {
    const { policy } = load(own(block(endpoint)));
    expect(unenforceable(policy)).toEqual([]);
    expect(readGatePolicy(canonical({ version: 1, network_policies: policy.network_policies }))).toHaveLength(1);
  });
});

const segment = fc.constantFrom("a", "b", "c");
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
const endpoint = fc.record({ host: segment.map((name) => `${name}.example.com`), port: fc.constantFrom(80, 443) });
/** Policies whose blocks of one name never differ, because a clash is an error and not a result. */
const policies: fc.Arbitrary<Policy> = fc.record(
  {
    version: fc.constant(1 as const),
    filesystem_policy: fc.record(
      { include_workdir: fc.boolean(), read_only: fc.array(path), read_write: fc.array(path) },
      { requiredKeys: [] },
    ),
    landlock: fc.record({ compatibility: fc.constantFrom("best_effort" as const, "hard_requirement" as const) }),
    process: fc.record({ run_as_user: fc.constantFrom("sandbox", "1500") }, { requiredKeys: [] }),
    network_policies: fc
      .uniqueArray(endpoint, { selector: ({ host, port }) => `${host}:${port}` })
      .map((endpoints) =>
        Object.fromEntries(
          endpoints.map((one) => [`${one.host}-${one.port}`, { endpoints: [one], binaries: [{ path: "/bin/sh" }] }]),
        ),
      ),
  },
  { requiredKeys: ["version"] },
);
const merge = (...parts: Policy[]) => mergePolicies(parts.map((policy, index) => ({ name: `p${index}`, policy })));

describe("merging", () => {
  test("does not depend on how the parts are put together", () => {
    fc.assert(
      fc.property(policies, policies, policies, (a, b, c) => {
        expect(merge(merge(a, b), c)).toEqual(merge(a, b, c));
        expect(merge(a, merge(b, c))).toEqual(merge(a, b, c));
      }),
    );
  });

  test("of a policy with itself changes nothing more", () => {
    fc.assert(
      fc.property(policies, (a) => {
        expect(merge(a, a)).toEqual(merge(a));
      }),
    );
  });

  test("gives the same network and paths in any order", () => {
    fc.assert(
      fc.property(policies, policies, (a, b) => {
        const [one, other] = [merge(a, b), merge(b, a)];
        expect(canonical(one.network_policies)).toBe(canonical(other.network_policies));
        expect(one.filesystem_policy?.read_only).toEqual(other.filesystem_policy?.read_only);
        expect(one.filesystem_policy?.read_write).toEqual(other.filesystem_policy?.read_write);
      }),
    );
  });

  test("never takes a path or a block away, and never lists a path twice", () => {
    fc.assert(
      fc.property(policies, policies, (a, b) => {
        const { filesystem_policy: { read_only = [], read_write = [] } = {}, network_policies } = merge(a, b);
        const listed = [...read_only, ...read_write];
        expect(new Set(listed).size).toBe(listed.length);
        for (const one of [a, b]) {
          expect(read_write).toEqual(expect.arrayContaining(one.filesystem_policy?.read_write ?? []));
          expect(listed).toEqual(expect.arrayContaining(one.filesystem_policy?.read_only ?? []));
          expect(Object.keys(network_policies)).toEqual(
            expect.arrayContaining(Object.keys(one.network_policies ?? {})),
          );
        }
      }),
    );
  });
});

describe("the canonical text", () => {
  test("does not depend on the order of keys, and says all there is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonical(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonical(reversed(JSON.parse(text)))).toBe(text);
        expect(text.endsWith("\n")).toBe(true);
      }),
    );
  });

  test("of a read policy is read back as the same policy", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const merged = merge(policy);
        expect(readPolicy(canonical(merged), "x").policy).toEqual(merged);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test("line numbers survive whatever stands above", () => {
  const noise = fc.array(fc.constantFrom("", "# words: [", "  # é ☃ 𝄞", "\t"), { maxLength: 20 });
  fc.assert(
    fc.property(noise, fc.constantFrom("\n", "\r\n"), (lines, newline) => {
      const above = lines.filter((line) => line !== "\t");
      const text = [...above, "version: 1", "process:", "  run_as_user: root", ""].join(newline);
      expect(faultsOf(() => readPolicy(text, "x"))).toEqual([
        expect.stringContaining(`x:${above.length + 3} process.run_as_user`),
      ]);
    }),
  );
});

test("any text at all is read or refused with places, never anything else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
      for (const fault of faultsOf(() => readPolicy(text, "x"))) expect(fault).toMatch(/^x:\d+ /);
    }),
  );
});

test.each([
  ["read-olny", ["read-only", "read-write"], "read-only"],
  ["readonly", ["read-only", "read-write"], "read-only"],
  ["enforcment", ["enforcement", "endpoints"], "enforcement"],
  ["Hosts", ["host", "port"], "host"],
  ["zzz", ["host", "port"], undefined],
  ["ab", ["xy"], undefined],
])("nearest %s", (word, candidates, expected) => expect(nearest(word, candidates)).toBe(expected));

test.each([
  ["*.example.com", "a.example.com", true],
  ["*.example.com", "a.b.example.com", false],
  ["*.example.com", "example.com", false],
  ["**.example.com", "a.b.example.com", true],
  ["**.example.com", "example.com", false],
  ["a-*.example.com", "a-1.EXAMPLE.com", true],
  ["a.example.com", "axexample.com", false],
])("%s means %s: %s", (pattern, host, expected) => expect(hostMatches(pattern, host)).toBe(expected));
