import { describe, expect, test } from "vitest";
import { PolicyError, readPolicy } from "../../policies/read.ts";
import { within } from "../../policies/within.ts";

/** What is wrong with a policy file, one line for each fault: place, path, what to write. */
function faults(text: string): string[] {
  try {
    readPolicy(text, "policy.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.issues.map(
      ({ file, line, column, path, message, instead }) =>
        `${file}:${line}:${column} ${path}: ${message} | ${instead ?? ""}`,
    );
  }
}

/** A policy with one endpoint, written in one line. */
function endpoint(text: string): string {
  return `version: 1\nnetwork_policies:\n  api:\n    endpoints:\n      - { ${text} }\n    binaries: [{ path: /usr/bin/curl }]\n`;
}

const whole = `version: 1
filesystem_policy: { include_workdir: true, read_only: [/usr/, //etc], read_write: [/sandbox] }
landlock: { compatibility: hard_requirement }
process: { run_as_user: 1500, run_as_group: sandbox }
network_policies:
  api:
    name: the API
    endpoints:
      - { host: API.example.com, ports: [80, 443], protocol: rest, access: read-write, deny_rules: [{ method: delete, path: "**" }] }
      - { host: "*.example.org", port: 443, protocol: rest, path: /v1/**, enforcement: audit, rules: [{ allow: { method: get, path: /v1/*, query: { tag: { any: ["v1.*", "v2.*"] } } } }] }
      - { host: "**.example.net", port: 443, tls: skip }
      - { host: "x-*.eu.example.net", port: 443, tls: terminate }
      - { port: 5432, allowed_ips: [10.0.0.0/8, "fd00::/8"] }
      - { host: db.example.com, port: 5432, protocol: tcp }
      - { host: ws.example.com, port: 443, protocol: websocket, rules: [{ allow: { method: GET, path: /s } }, { allow: { operation_type: query, fields: [viewer] } }] }
      - { host: gql.example.com, port: 443, protocol: graphql, access: read-only, deny_rules: [{ operation_type: query, fields: [secret] }], persisted_queries: allow_registered, graphql_persisted_queries: { abc: { operation_type: query } } }
      - { host: mcp.example.com, port: 443, protocol: mcp, mcp: { allow_all_known_mcp_methods: true }, deny_rules: [{ tool: send_mail }] }
      - { host: mcp.example.org, port: 443, protocol: mcp, rules: [{ allow: { method: initialize } }, { allow: { method: tools/call, tool: { any: [a, b] } } }] }
      - { host: rpc.example.com, port: 443, protocol: json-rpc, json_rpc: { max_body_bytes: 131072 }, rules: [{ allow: { method: "*" } }], deny_rules: [{ method: reports.delete }] }
      - { host: sql.example.com, port: 5432, protocol: sql, enforcement: audit, rules: [{ allow: { command: SELECT } }] }
      - { host: s3.example.com, port: 443, protocol: rest, access: full, credential_signing: sigv4, signing_service: s3, credential_binding: { provider: work } }
    binaries: [/usr/bin/curl, { path: /opt/**/bin/node }]
network_middlewares:
  redact: { middleware: openshell/regex, order: 10, config: { mode: redact }, on_error: fail_closed, endpoints: { include: ["*.example.com"] } }
`;

describe("a whole policy", () => {
  const { policy } = readPolicy(whole, "policy.yaml");
  const [first, second, , fourth] = policy.network_policies?.api?.endpoints ?? [];

  test("is read, whatever it uses of the format", () => {
    expect(policy.network_policies?.api?.endpoints).toHaveLength(13);
  });

  test("comes out in one form", () => {
    expect(policy.filesystem_policy?.read_only).toEqual(["/usr", "/etc"]);
    expect(policy.process?.run_as_user).toBe("1500");
    expect(policy.network_policies?.api?.binaries).toEqual([{ path: "/usr/bin/curl" }, { path: "/opt/**/bin/node" }]);
    expect(first).toMatchObject({ host: "api.example.com", deny_rules: [{ method: "DELETE" }] });
    expect(second?.rules?.[0]?.allow.method).toBe("GET");
    expect(fourth?.tls).toBeUndefined();
  });

  test("refuses what no rule allows unless it says audit, which OpenShell would take for granted", () => {
    expect(first?.enforcement).toBe("enforce");
    expect(second?.enforcement).toBe("audit");
  });
});

describe("every fault is told with its line, all at once", () => {
  test("unknown keys, with the key that was meant", () => {
    const text = `version: 1
filesytem_policy: {}
network_policies:
  api:
    endpoint: []
    binaries: [/bin/sh]
    wibble: 1
`;
    expect(faults(text)).toEqual([
      'policy.yaml:2:1 filesytem_policy: "filesytem_policy" is not known here | filesystem_policy',
      "policy.yaml:5:5 network_policies.api.endpoints: endpoints is missing; expected a list | endpoints: …",
      'policy.yaml:5:5 network_policies.api.endpoint: "endpoint" is not known here | endpoints',
      'policy.yaml:7:5 network_policies.api.wibble: "wibble" is not known here; known are name, endpoints, binaries | one of these, or nothing',
    ]);
  });

  test.each([
    [
      "a block",
      `version: 1\nnetwork_policies:\n  __proto__: { endpoints: [], binaries: [] }\n`,
      "3:3 network_policies.__proto__",
    ],
    [
      "the one condition of a rule",
      endpoint(
        'host: a.example.com, port: 443, protocol: rest, rules: [{ allow: { method: GET, path: "/**", query: { "__proto__": a } } }]',
      ),
      "5:113 network_policies.api.endpoints[0].rules[0].allow.query.__proto__",
    ],
    ["an unknown key", "version: 1\n__proto__: {}\n", "2:1 __proto__"],
  ])("%s of a name that would be dropped in silence", (_, text, place) => {
    expect(faults(text)).toEqual([`policy.yaml:${place}: "__proto__" is not a possible name | another name`]);
  });

  test("a file that is not YAML, or holds a key twice", () => {
    expect(faults("version: 1\nprocess: {\n")[0]).toMatch(/^policy\.yaml:\d:\d : not YAML/);
    expect(faults("version: 1\nlandlock: {}\nlandlock: {}\n")).toEqual([
      expect.stringMatching(/^policy\.yaml:3:1 : not YAML: .*unique.*\| each key once$/),
    ]);
  });

  test("an empty file, and one that is a list", () => {
    expect(faults("")).toEqual(["policy.yaml:1:1 version: version is missing; expected 1 | version: 1"]);
    expect(faults("[a]\n")).toEqual([expect.stringContaining("is a list; expected a mapping")]);
  });

  test("aliases that would fill the memory", () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [name, from] of ["ba", "cb", "dc", "ed", "fe"].map((pair) => [...pair])) {
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${from}`).join(", ")}]`);
    }
    expect(faults(bomb.join("\n"))).toEqual([expect.stringContaining("not YAML")]);
  });

  test("a fault behind an alias stands where the thing itself stands", () => {
    const text = `version: 1\nnetwork_policies:\n  a: &a\n    endpoints: [{ host: x.example.com, port: 0 }]\n    binaries: [/bin/sh]\n  b: *a\n`;
    expect(faults(text)).toEqual([
      expect.stringMatching(/^policy\.yaml:4:46 network_policies\.a\.endpoints\[0\]\.port: .*at least 1/),
      expect.stringMatching(/^policy\.yaml:4:46 network_policies\.b\.endpoints\[0\]\.port/),
    ]);
  });
});

describe("paths on disk", () => {
  test.each([
    ["[usr]", '"usr" is not an absolute path | start it with /: /usr'],
    ["[/a/../b]", 'goes up with ".." | write the folder it leads to'],
    ["[/usr/*]", "has a wildcard, and paths on disk are taken literally"],
    [`["/a\\nb"]`, "has a control character"],
    [`[/${"x".repeat(4096)}]`, "the path is longer than 4096 characters"],
    [`[${Array.from({ length: 257 }, (_, i) => `/p${i}`).join(", ")}]`, "257 paths, and at most 256 are allowed"],
    ["/usr", '"/usr" is text; expected a list | [/usr]'],
  ])("read_only: %s", (list, said) => {
    const found = faults(`version: 1\nfilesystem_policy: { read_only: ${list} }\n`);
    expect(found).toEqual([expect.stringContaining(said)]);
    expect(found[0]).toMatch(/^policy\.yaml:2:\d+ filesystem_policy/);
  });

  test.each(["/", "///", "/."])("read_write: %s would be everything", (path) => {
    expect(faults(`version: 1\nfilesystem_policy: { read_write: ["${path}"] }\n`)).toEqual([
      expect.stringContaining("/ would make everything writable"),
    ]);
  });

  test("/ may be read", () => expect(faults('version: 1\nfilesystem_policy: { read_only: ["/"] }\n')).toEqual([]));
});

describe("identity", () => {
  test.each(["root", "0", '"0"', "4294967295", "-1", "nobody", '"1e3"', '""'])(
    "run_as_user: %s is refused",
    (value) => {
      expect(faults(`version: 1\nprocess: { run_as_user: ${value} }\n`)).toEqual([
        expect.stringMatching(/process\.run_as_user: expected sandbox or a number from 1 to 4294967294.*\| sandbox$/),
      ]);
    },
  );

  test.each(["sandbox", "1", '"4294967294"'])("run_as_group: %s is taken", (value) => {
    expect(faults(`version: 1\nprocess: { run_as_group: ${value} }\n`)).toEqual([]);
  });
});

describe("endpoints", () => {
  const rest = "protocol: rest, access: full";
  test.each([
    ["port: 443", "the endpoint has no host"],
    ["host: a.example.com", "the endpoint has no port | port: 443"],
    ["host: a.example.com, port: 443, ports: [80]", "port and ports exclude each other"],
    ["host: a.example.com, ports: []", "ports: the list is empty"],
    ["host: a.example.com, port: 65536", "expected at most 65535"],
    ["host: a.example.com, port: 4.5", "expected a whole number"],
    ['host: a.example.com, port: "443"', "443, without quotes"],
    ['host: "https://a.example.com/x", port: 443', "is a URL, not a host | host: a.example.com, and path for the rest"],
    ['host: "a.example.com:443", port: 443', "names a port | host: a.example.com and port: 443"],
    ['host: "*", port: 443', "would match every host"],
    ['host: "**", port: 443', "would match every host"],
    ['host: "*.com", port: 443', "would match all of .com"],
    [
      'host: "a.*.example.com", port: 443',
      "a wildcard after the first label | a wildcard in the first label: *.example.com",
    ],
    ['host: "a**.example.com", port: 443', "mixes ** with other characters | **.example.com"],
    ['host: "{a,b}.example.com", port: 443', "is not a host name"],
    ["host: a..example.com, port: 443", "is not a host name"],
    ["host: a.example.com., port: 443", "is not a host name | a.example.com"],
    ["host: inference.local, port: 80", "belongs to the inference route"],
    ["host: a.example.com, port: 443, access: full", "access has no effect: without a protocol"],
    ["host: a.example.com, port: 443, enforcement: enforce", "enforcement has no effect"],
    ["host: a.example.com, port: 443, protocol: tcp, access: full", "access has no effect: with protocol tcp"],
    ["host: 10.0.0.1, port: 443, protocol: tcp", "protocol tcp needs a host name, not an address"],
    ["host: a.example.com, port: 443, protocol: ftp", "expected one of rest, websocket"],
    ["host: a.example.com, port: 443, protocol: rset, access: full", "| rest"],
    ["host: a.example.com, port: 443, protocol: rest", "nothing says what is allowed | access: read-only, or rules"],
    ["host: a.example.com, port: 443, protocol: rest, access: readonly", "| read-only"],
    ["host: a.example.com, port: 443, protocol: rest, rules: []", "the list is empty"],
    [`host: a.example.com, port: 443, ${rest}, deny_rules: []`, "the list is empty"],
    [`host: a.example.com, port: 443, ${rest}, rules: [{ allow: { method: GET, path: /x } }]`, "exclude each other"],
    ["host: a.example.com, port: 443, protocol: rest, deny_rules: [{ method: GET, path: /x }]", "deny_rules take away"],
    [`host: a.example.com, port: 443, ${rest}, path: "/café"`, "matches no path: paths are compared decoded"],
    [`host: a.example.com, port: 443, ${rest}, deny_rules: [{ method: GET, path: "/%7Eme" }]`, "/~me for /%7Eme"],
    [`host: a.example.com, port: 443, ${rest}, path: x`, '"x" does not start with / or ** | /x'],
    [`host: a.example.com, port: 443, ${rest}, tls: skip`, "with tls: skip the rest rules see nothing"],
    [`host: a.example.com, port: 443, ${rest}, mcp: {}`, "mcp has no effect with protocol rest"],
    [`host: a.example.com, port: 443, ${rest}, credential_signing: sigv4`, "signing needs the name of the service"],
    [`host: a.example.com, port: 443, ${rest}, signing_region: eu-1`, "has no effect without credential_signing"],
    ["host: a.example.com, port: 443, protocol: sql, rules: [{ allow: { command: SELECT } }]", "enforcement: audit"],
    ["host: a.example.com, port: 443, protocol: json-rpc, access: full", "protocol json-rpc has no access levels"],
    ["host: a.example.com, port: 443, protocol: mcp", "nothing says what is allowed | rules:"],
    [
      "host: a.example.com, port: 443, protocol: graphql, access: full, persisted_queries: allow_registered",
      "no query is registered",
    ],
  ])("%s", (text, said) => expect(faults(endpoint(text))).toContainEqual(expect.stringContaining(said)));

  test.each([
    ["127.0.0.1", "127.0.0.0/8"],
    ["0.0.0.0/0", "127.0.0.0/8"],
    ["126.0.0.0/7", "127.0.0.0/8"],
    ["169.254.169.254", "169.254.0.0/16"],
    ["::1", "::1/128"],
    ["::/0", "::1/128"],
    ["fe80::1", "fe80::/10"],
    ["::ffff:127.0.0.1", "IPv4 address written as IPv6"],
    ["10.0.0.0/33", "is not an address or a range"],
    ["10.0.0", "is not an address or a range"],
    ["example.com", "is not an address or a range"],
  ])("allowed_ips: %s", (ip, said) => {
    expect(faults(endpoint(`host: a.example.com, port: 443, allowed_ips: ["${ip}"]`))).toEqual([
      expect.stringMatching(new RegExp(`allowed_ips\\[0\\]: .*${said.replaceAll(".", "\\.")}`)),
    ]);
  });
});

describe("rules", () => {
  const rules = (protocol: string, list: string, more = "") =>
    endpoint(`host: a.example.com, port: 443, protocol: ${protocol}, ${more} rules: [${list}]`);
  test.each([
    ["rest", "{ allow: { method: GTE, path: /x } }", '"GTE" is not a method of protocol rest | GET'],
    ["rest", "{ allow: { method: GET } }", 'the rest rule has no path | path: "/**"'],
    ["rest", "{ allow: { path: /x } }", "the rest rule has no method"],
    ["rest", "{ allow: {} }", "the rest rule has no method"],
    ["rest", "{ method: GET, path: /x }", "allow is missing"],
    ["rest", "{ allow: { method: GET, path: x } }", '"x" does not start with / or **'],
    ["rest", '{ allow: { method: GET, path: "/{a,b}" } }', "one entry for each alternative"],
    ["rest", '{ allow: { method: GET, path: "/[a" } }', "a bracket without its pair"],
    ["rest", '{ allow: { method: GET, path: "/a;b" } }', '"/a;b" matches no path'],
    [
      "rest",
      '{ allow: { method: GET, path: "/v1/[z-a]" } }',
      '"/v1/[z-a]": [z-a] is a class that cannot be read | a class whose ranges go upwards, such as [a-z]',
    ],
    ["rest", '{ allow: { method: GET, path: /x, query: { a: "[b-a]" } } }', "[b-a] is a class that cannot be read"],
    ["rest", "{ allow: { method: GET, path: /x, query: { a: { any: [] } } } }", "the list is empty"],
    ["rest", "{ allow: { method: GET, path: /x, query: { a: { glob: x } } } }", '"glob" is not known here'],
    ["rest", "{ allow: { method: GET, path: /x, query: { a: 5 } } }", "expected a glob"],
    [
      "rest",
      "{ allow: { method: GET, path: /x, tool: t } }",
      "tool is not part of a rest rule | one of method, path, query",
    ],
    ["websocket", "{ allow: { method: POST, path: /x } }", "is not a method of protocol websocket"],
    ["websocket", "{ allow: { method: GET, operation_type: query } }", "cannot stand beside GraphQL fields"],
    [
      "websocket",
      "{ allow: { method: WEBSOCKET_TEXT, path: /x } }, { allow: { operation_type: query } }",
      "are GraphQL operations",
    ],
    ["graphql", "{ allow: { method: GET, path: /x } }", "method is not part of a graphql rule"],
    ["graphql", "{ allow: { operation_type: mutatoin } }", "is not a GraphQL operation | mutation"],
    ["json-rpc", "{ allow: { method: reports.* } }", "json-rpc methods are matched whole"],
    ["mcp", "{ allow: { tool: x } }", "the mcp rule has no method"],
    ["mcp", '{ allow: { method: "*" } }', "only tools/ methods may have a wildcard"],
    ["mcp", '{ allow: { method: "tools/[z-a]" } }', "[z-a] is a class that cannot be read"],
    ["mcp", "{ allow: { method: initialize, tool: x } }", "is about calling it | tools/call"],
    ["mcp", "{ allow: { method: tools/call, tool: x, params: { name: x } } }", "are the same thing"],
    ["mcp", "{ allow: { method: tools/call, params: { path: x } } }", "arguments of a tool cannot be matched"],
    ["mcp", "{ allow: { method: tools/call, tool: x } }, { allow: { method: tools/* } }", "it covers every tool"],
  ])("%s %s", (protocol, list, said) => {
    expect(faults(rules(protocol, list))).toContainEqual(expect.stringContaining(said));
  });

  test("mcp wildcards need strict names", () => {
    const list = "{ allow: { method: tools/call, tool: x* } }";
    expect(faults(rules("mcp", list, "mcp: { strict_tool_names: false },"))).toContainEqual(
      expect.stringContaining("wildcards need strict tool names"),
    );
  });
});

describe("blocks", () => {
  test.each([
    ["endpoints: []\n    binaries: [/bin/sh]", "endpoints: the list is empty"],
    ["endpoints: [{ host: a.example.com, port: 1 }]", "binaries is missing; expected a list"],
    ["endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: []", "binaries: the list is empty"],
    [
      "endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: [git]",
      "is not an absolute path of a program | the whole path, such as /usr/bin/git",
    ],
    ...[
      ["/opt/[]/x", "has a bracket without its pair | a closed class such as [0-9]"],
      ["/opt/[z-a]/x", "[z-a] is a class that cannot be read"],
      ["/opt/{a,b}/x", "has braces, which are not taken as alternatives | one entry for each alternative"],
    ].flatMap(([path, said]): [string, string][] => [
      [`endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: ["${path}"]`, `${said}`],
      [`endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: [{ path: "${path}" }]`, `${said}`],
    ]),
    [
      "endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: [{ path: /bin/sh, harness: true }]",
      '"harness" is not known here',
    ],
  ])("%s", (block, said) => {
    expect(faults(`version: 1\nnetwork_policies:\n  api:\n    ${block}\n`)).toContainEqual(
      expect.stringContaining(said),
    );
  });

  test("middlewares: order once each, at most ten, a list of hosts", () => {
    const entry = (order: number) => `{ middleware: m, order: ${order}, endpoints: { include: ["*.example.com"] } }`;
    const many = Array.from({ length: 11 }, (_, i) => `  m${i}: ${entry(i)}`).join("\n");
    expect(faults(`version: 1\nnetwork_middlewares:\n${many}\n`)).toEqual([expect.stringContaining("at most 10")]);
    expect(faults(`version: 1\nnetwork_middlewares:\n  a: ${entry(1)}\n  b: ${entry(1)}\n`)).toEqual([
      expect.stringMatching(/^policy\.yaml:4:\d+ network_middlewares\.b\.order: order 1 is already that of a/),
    ]);
    expect(faults("version: 1\nnetwork_middlewares: { a: { middleware: m, endpoints: { include: [] } } }\n")).toEqual([
      expect.stringContaining("the list is empty"),
    ]);
  });
});

test.each([
  ["/var/tmp", "/var/tmp", true],
  ["/var/tmp", "/var", true],
  ["/var/tmp", "/", true],
  ["/var/tmp", "/var/t", false],
  ["/var", "/var/tmp", false],
])("%s within %s: %s", (path, folder, wanted) => expect(within(path, folder)).toBe(wanted));
