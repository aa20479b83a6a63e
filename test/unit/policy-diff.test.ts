import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AccessChange, diffPolicies } from "../../policies/diff.ts";
import { loadPolicy } from "../../policies/load.ts";
import { mergePolicies } from "../../policies/merge.ts";
import { type Policy, policySchema } from "../../policies/policy.ts";
import { refuseAddress } from "../../policies/reachable-address.ts";
import { glob } from "../../services/egress-gate/glob.ts";
import { addressesOf, judgeConnection, judgeMessages, judgeRequest } from "../../services/egress-gate/judge.ts";
import { readPolicy } from "../../services/egress-gate/policy.ts";
import { readTarget } from "../../services/egress-gate/request-target.ts";

type Written = Record<string, unknown>;

function policy(
  blocks: Record<string, { endpoints: readonly Written[]; binaries?: readonly string[] }>,
  rest: Written = {},
): Policy {
  const network_policies = Object.fromEntries(
    Object.entries(blocks).map(([name, { endpoints, binaries = ["/**"] }]) => [name, { endpoints, binaries }]),
  );
  return policySchema.parse({ version: 1, network_policies, ...rest });
}

const api = (more: Written, host = "api.example.com") => ({
  host,
  port: 443,
  ...("protocol" in more ? {} : { protocol: "rest" }),
  ...more,
});
const allow = (...pairs: [string, string][]) => pairs.map(([method, path]) => ({ allow: { method, path } }));

function told(before: Policy, after: Policy): string[] {
  return diffPolicies({ policy: before }, { policy: after }).changes.map(line);
}

function line({ effect, comparable, what, where, programs, note }: AccessChange): string {
  const parts = [effect, comparable ? "" : "(not comparable)", what, where && `on ${where}`];
  if (programs) parts.push(`for ${programs.join(" ")}`);
  return parts.filter(Boolean).join(" ") + (note ? ` [${note}]` : "");
}

// Each letter counts how far away it was last seen, so the machines of all of them together have too many states.
const overlapping = [..."abcdefghijklmn"].map((letter) => `*${letter}*${letter}${letter}*.example.com`);

const one = (...endpoints: Written[]) => policy({ a: { endpoints } });

describe("what is told", () => {
  test.each<[string, Policy, Policy, string[]]>([
    [
      "a host added",
      one(api({ access: "read-only" })),
      one(api({ access: "read-only" }), api({ access: "full" }, "b.example.com")),
      ["widens every method every path on b.example.com:443"],
    ],
    [
      "a rule about an encoded slash that the endpoint does not take",
      one(api({ rules: allow(["GET", "/a"]) })),
      one(api({ rules: allow(["GET", "/a"], ["GET", "/owner%2Frepo"]) })),
      [],
    ],
    [
      "a method widened",
      one(api({ access: "read-only" })),
      one(api({ access: "read-write" })),
      ["widens POST, PUT, PATCH every path on api.example.com:443"],
    ],
    [
      "a path narrowed",
      one(api({ rules: allow(["GET", "/repos/**"]) })),
      one(api({ rules: allow(["GET", "/repos/mine/**"]) })),
      ["narrows GET /repos/** on api.example.com:443 [in part: other requests of /repos/** are decided as before]"],
    ],
    [
      "a deny rule gone",
      one(api({ access: "full", deny_rules: [{ method: "*", path: "/admin/**" }] })),
      one(api({ access: "full" })),
      [
        "widens every method every path on api.example.com:443 [denied by /admin/** before; in part: other requests of ** are decided as before]",
      ],
    ],
    [
      "a host widened to a wildcard",
      one(api({ access: "read-only" })),
      one(api({ access: "read-only" }, "*.example.com")),
      [
        "widens GET, OPTIONS every path on *.example.com:443",
        "narrows addresses set aside for other things than servers, such as 198.18.0.0/15 on api.example.com:443 [a wildcard does not lead there, a full name did before]",
      ],
    ],
    [
      "audit in place of enforce",
      one(api({ rules: allow(["GET", "/a"]) })),
      one(api({ rules: allow(["GET", "/a"]), enforcement: "audit" })),
      [
        "widens every method every path on api.example.com:443 [not allowed by any rule: passed all the same and written down (audit)]",
      ],
    ],
    [
      "no look any more",
      one(api({ access: "full" })),
      one({ host: "api.example.com", port: 443 }),
      ["widens any traffic, without looking at it on api.example.com:443 [its requests were judged one by one before]"],
    ],
    [
      "a look at last",
      one({ host: "api.example.com", port: 443 }),
      one(api({ access: "full" })),
      ["narrows any traffic, without looking at it on api.example.com:443 [its requests are judged one by one now]"],
    ],
    [
      "a port added",
      one(api({ access: "read-only" })),
      one({ ...api({ access: "read-only" }), port: undefined, ports: [443, 8443] }),
      ["widens GET, OPTIONS every path on api.example.com:8443"],
    ],
    [
      "a query let go",
      one(api({ rules: [{ allow: { method: "GET", path: "/refs", query: { service: "upload" } } }] })),
      one(api({ rules: allow(["GET", "/refs"]) })),
      ["widens GET /refs on api.example.com:443 [in part: other requests of /refs are decided as before]"],
    ],
    [
      "private addresses",
      one(api({ access: "full", allowed_ips: ["10.0.0.0/8"] })),
      one(api({ access: "full", allowed_ips: ["10.0.0.0/9", "10.128.0.0/9", "192.168.1.0/24"] })),
      ["widens addresses in 192.168.1.0/24 on api.example.com:443 [10.0.0.0/8 before]"],
    ],
    [
      "a protocol that only OpenShell reads",
      one(api({ protocol: "mcp", rules: [{ allow: { method: "initialize" } }] })),
      one(
        api({
          protocol: "mcp",
          rules: [{ allow: { method: "initialize" } }, { allow: { method: "tools/call", tool: "read" } }],
        }),
      ),
      ['widens mcp requests: {"method":"tools/call","tool":"read"} on api.example.com:443 [a new rule]'],
    ],
    [
      "another way to judge such a protocol",
      one(api({ protocol: "mcp", rules: [{ allow: { method: "initialize" } }] })),
      one(api({ protocol: "json-rpc", rules: [{ allow: { method: "initialize" } }] })),
      [
        "widens (not comparable) json-rpc requests on api.example.com:443 [how its requests are judged has changed in a way that cannot be compared]",
      ],
    ],
    [
      "a WebSocket whose messages are let go",
      one(api({ protocol: "websocket", rules: allow(["GET", "/live"]) })),
      one(api({ protocol: "websocket", rules: allow(["GET", "/live"], ["WEBSOCKET_TEXT", "/live"]) })),
      ["widens messages on a WebSocket /live on api.example.com:443"],
    ],
    [
      "a request that passed by audit and is allowed now",
      one(api({ rules: allow(["GET", "/a"]), enforcement: "audit" })),
      one(api({ rules: allow(["GET", "/a"], ["GET", "/b"]), enforcement: "audit" })),
      ["neutral GET /b on api.example.com:443 [allowed by a rule; was passed by audit]"],
    ],
    [
      "a rule gone whose requests pass by audit",
      one(api({ rules: allow(["GET", "/a"], ["GET", "/b"]), enforcement: "audit" })),
      one(api({ rules: allow(["GET", "/a"]), enforcement: "audit" })),
      ["neutral GET every path on api.example.com:443 [passes only because refusals are written down (audit)]"],
    ],
    [
      "TLS that is not opened any more",
      one({ host: "api.example.com", port: 443 }),
      one({ host: "api.example.com", port: 443, tls: "skip" }),
      ["widens TLS passes unopened (tls: skip) on api.example.com:443 [new]"],
    ],
    [
      "TLS that is opened again",
      one({ host: "api.example.com", port: 443, tls: "skip" }),
      one({ host: "api.example.com", port: 443 }),
      ["narrows TLS passes unopened (tls: skip) on api.example.com:443 [no more]"],
    ],
    [
      "an address that a list of addresses left out",
      one({ port: 443, allowed_ips: ["192.168.0.0/16"] }),
      one({ port: 443, allowed_ips: ["192.168.0.0/16"] }, { host: "10.0.0.5", port: 443 }),
      ["widens any traffic, without looking at it on 10.0.0.5:443"],
    ],
    [
      "an address by name that the list has already",
      one({ port: 443, allowed_ips: ["10.0.0.0/8"] }),
      one({ port: 443, allowed_ips: ["10.0.0.0/8"] }, { host: "10.0.0.5", port: 443 }),
      [],
    ],
    [
      "an IPv4 address in IPv6 clothes",
      one({ host: "10.0.0.5", port: 443 }),
      one({ host: "::ffff:10.0.0.5", port: 443 }),
      [],
    ],
    [
      "a full name beside its wildcard",
      one(api({ access: "full" }, "*.example.com")),
      one(api({ access: "full" }, "*.example.com"), api({ access: "full" })),
      [
        "widens addresses set aside for other things than servers, such as 198.18.0.0/15 on api.example.com:443 [a wildcard does not lead there, a full name does now]",
      ],
    ],
    [
      "too many patterns that overlap",
      one(api({ access: "full" })),
      one(...overlapping.map((host) => api({ access: "full" }, host))),
      [
        "widens (not comparable) the network part of the policy [too many hosts, programs or paths overlap to compare it]",
      ],
    ],
    [
      "a program whose path is not compared",
      policy({ a: { endpoints: [api({ access: "full" })], binaries: ["/usr/bin/git"] } }),
      policy({ a: { endpoints: [api({ access: "full" })], binaries: ["/usr/bin/git", "/opt/caf\u00e9"] } }),
      [
        "widens (not comparable) the network part of the policy [the path /opt/caf\u00e9 has characters beyond ASCII, which are not compared]",
      ],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  test("programs, where the runtime tells them apart, and nothing where it does not", () => {
    const before = policy({ a: { endpoints: [api({ access: "read-only" })], binaries: ["/usr/bin/git"] } });
    const after = policy({
      a: { endpoints: [api({ access: "read-only" })], binaries: ["/usr/bin/git", "/usr/bin/curl"] },
    });
    expect(told(before, after)).toEqual(["widens GET, OPTIONS every path on api.example.com:443 for /usr/bin/curl"]);
    const side = (whole: Policy, tellsPrograms: boolean) => ({ policy: whole, tellsPrograms });
    expect(diffPolicies(side(before, false), side(after, false)).changes).toEqual([]);
    // The same policy under a runtime that does not tell them apart opens its hosts to all of them.
    expect(diffPolicies(side(before, true), side(before, false)).changes.map(line)).toEqual([
      "widens GET, OPTIONS every path on api.example.com:443",
    ]);
    expect(diffPolicies(side(before, false), side(before, true)).changes.map(line)).toEqual([
      "narrows GET, OPTIONS every path on api.example.com:443",
    ]);
  });

  test.each<[string, Written, Written, string[]]>([
    [
      "a path",
      { filesystem_policy: { read_only: ["/usr"] } },
      { filesystem_policy: { read_only: ["/usr", "/data"] } },
      ["widens /data and what is in it: read [hidden before]"],
    ],
    [
      "the working directory",
      {},
      { filesystem_policy: { include_workdir: true } },
      ["widens the working directory: read and write (include_workdir) [new]"],
    ],
    [
      "the working directory no more",
      { filesystem_policy: { include_workdir: true } },
      {},
      ["narrows the working directory: read and write (include_workdir) [no more]"],
    ],
    [
      "a middleware",
      {},
      { network_middlewares: { scrub: { middleware: "scrubber", endpoints: { include: ["*.example.com"] } } } },
      ["widens (not comparable) middleware scrub [new]"],
    ],
    [
      "a writable path",
      { filesystem_policy: { read_only: ["/data"] } },
      { filesystem_policy: { read_write: ["/data"] } },
      ["widens /data and what is in it: read and write [read before]"],
    ],
    [
      "a path inside one that is there",
      { filesystem_policy: { read_only: ["/usr"] } },
      { filesystem_policy: { read_only: ["/usr", "/usr/lib"] } },
      [],
    ],
    [
      "a read-only path inside a writable one, which Landlock cannot take away",
      { filesystem_policy: { read_write: ["/s"], read_only: ["/s/a"] } },
      { filesystem_policy: { read_write: ["/s"] } },
      ["widens /s/a and what is in it: read and write [read before]"],
    ],
    [
      "another user",
      {},
      { process: { run_as_user: 1000 } },
      ["widens (not comparable) the agent runs as user 1000 [sandbox before]"],
    ],
    [
      "weaker enforcement",
      { landlock: { compatibility: "hard_requirement" } },
      { landlock: { compatibility: "best_effort" } },
      [
        "widens starts also where the kernel cannot confine it fully [landlock: hard_requirement before, best_effort now]",
      ],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(told(policy({}, before), policy({}, after))).toEqual(expected);
  });

  test("a preset by its name", () => {
    const [before, after] = [loadPolicy({ presets: ["npm"] }), loadPolicy({ presets: ["pypi"] })];
    const side = ({ policy: whole, sources }: typeof before) => ({
      policy: whole,
      sources: new Map(
        sources.flatMap(({ name, policy: { network_policies = {} } }) =>
          Object.keys(network_policies).map((block) => [block, { kind: "preset", name } as const] as const),
        ),
      ),
    });
    const { changes } = diffPolicies(side(before), side(after));
    expect(new Set(changes.map(({ effect, sources }) => `${effect} ${sources.map(({ name }) => name)}`))).toEqual(
      new Set(["widens preset pypi", "narrows preset npm"]),
    );
  });
});

// Few names, so that what is made by chance meets.
const hosts = [
  "a.example.com",
  "b.example.com",
  "*.example.com",
  "**.example.com",
  "a*.example.com",
  "a.b.example.com",
  "10.0.0.1",
  "198.51.100.7",
];
const askedHosts = [
  "a.example.com",
  "b.example.com",
  "ab.example.com",
  "a.b.example.com",
  "example.com",
  "10.0.0.1",
  "10.0.0.2",
  "198.51.100.7",
];
const ranges = [["10.0.0.0/8"], ["10.0.0.1"], ["192.168.0.0/16", "10.0.0.1"], ["93.184.216.0/24"]];
// What a name may lead to: addresses of every kind that the gate tells apart, and this machine.
const askedAddresses = ["93.184.216.34", "9.9.9.9", "10.0.0.1", "10.0.0.2", "192.168.0.1", "198.18.0.1", "127.0.0.1"];
const globs = ["**", "/**", "/a", "/a/**", "/*/b", "/a/*", "/**/b", "/a/[0-9]", "/a?", "/**/b/**", "/a/b*"];
const askedPaths = [
  "/",
  "/a",
  "/a/",
  "/b",
  "/a/b",
  "/c/b",
  "/a/1",
  "/ab",
  "/a/c/b",
  "/a/b/c",
  "/a/bb",
  "/a/x%2Fb",
  "/q/b/r?k=1",
  "/a?k=v1",
  "/a?k=v1&k=w",
  "/a/b?k=w",
];
const programs = ["/usr/bin/git", "/usr/bin/curl", "/usr/bin/*", "/**"];
const askedPrograms = ["/usr/bin/git", "/usr/bin/curl", "/usr/bin/node", "/opt/x"];
const askedMethods = ["GET", "HEAD", "POST", "DELETE", "PROPFIND"];

const ruleOf = (methods: string[]) =>
  fc.record(
    {
      method: fc.constantFrom(...methods),
      path: fc.constantFrom(...globs),
      query: fc.constantFrom<Written>({ k: "v1" }, { k: "v*" }, { k: { any: ["v1", "w"] } }),
    },
    { requiredKeys: ["method", "path"] },
  );

const endpoint = fc
  .record({
    where: fc.oneof(
      { weight: 4, arbitrary: fc.record({ host: fc.constantFrom(...hosts) }) },
      fc.record({ host: fc.constantFrom(...hosts), allowed_ips: fc.constantFrom(...ranges) }),
      // Without a host, whatever leads to one of these addresses.
      fc.record({ allowed_ips: fc.constantFrom(...ranges) }),
    ),
    ports: fc.constantFrom([443], [80], [80, 443]),
    kind: fc.constantFrom("none", "rest", "rest", "rest", "websocket"),
    path: fc.option(fc.constantFrom("/a/**", "/**", "/a"), { nil: undefined, freq: 4 }),
    audit: fc.constantFrom(false, false, false, true),
    slash: fc.constantFrom(false, false, true),
    access: fc.option(fc.constantFrom("read-only", "read-write", "full"), { nil: undefined }),
    rest: fc.array(ruleOf(["GET", "POST", "DELETE", "*"]), { minLength: 1, maxLength: 2 }),
    socket: fc.array(ruleOf(["GET", "WEBSOCKET_TEXT", "*"]), { minLength: 1, maxLength: 2 }),
    deny: fc.option(ruleOf(["GET", "*"]), { nil: undefined, freq: 3 }),
  })
  .map(({ where, ports, kind, path, audit, slash, access, rest, socket, deny }): Written => {
    if (kind === "none") return { ...where, ports };
    const rules = kind === "rest" ? rest : socket;
    return {
      ...where,
      ports,
      protocol: kind,
      enforcement: audit ? "audit" : "enforce",
      ...(path ? { path } : {}),
      ...(slash ? { allow_encoded_slash: true } : {}),
      ...(access ? { access } : { rules: rules.map((rule) => ({ allow: rule })) }),
      ...(deny ? { deny_rules: [deny] } : {}),
    };
  });

const block = fc.record({
  endpoints: fc.array(endpoint, { minLength: 1, maxLength: 2 }),
  binaries: fc.uniqueArray(fc.constantFrom(...programs), { minLength: 1, maxLength: 2 }),
});
const blocks = fc.dictionary(fc.constantFrom("one", "two", "three"), block, { maxKeys: 3 });

const request = fc.record({
  host: fc.constantFrom(...askedHosts),
  port: fc.constantFrom<number>(80, 443),
  method: fc.constantFrom(...askedMethods),
  target: fc.constantFrom(...askedPaths),
  program: fc.constantFrom(...askedPrograms),
  upgrade: fc.boolean(),
  resolved: fc.constantFrom(...askedAddresses),
});
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** The gate's own answer, for the blocks that count for a program. */
function gateFor(whole: Policy, program: string | undefined) {
  const mine = Object.entries(whole.network_policies ?? {}).filter(
    ([, { binaries }]) => program === undefined || binaries.some(({ path }) => glob(path, "/").test(program)),
  );
  return readPolicy(JSON.stringify({ version: 1, network_policies: Object.fromEntries(mine) }));
}

/** Whether a host that leads to this address may be connected to. */
function reaches(gate: ReturnType<typeof gateFor>, { host, port, resolved }: Omit<Asked, "program">) {
  const { allowedIps, named } = addressesOf(gate, { host, port });
  return refuseAddress(isIP(host) === 0 ? resolved : host, allowedIps, named) === undefined;
}

function passes(
  gate: ReturnType<typeof gateFor>,
  { host, port, method, target, upgrade, resolved }: Omit<Asked, "program">,
) {
  if (!reaches(gate, { host, port, method, target, upgrade, resolved })) return false;
  const asked = upgrade ? "GET" : method;
  const connection = judgeConnection(gate, { host, port });
  // Inside a tunnel that nobody looks into, everything passes.
  if (connection.decision === "allow" && !connection.inspected) return true;
  const verdict = judgeRequest(gate, { host, port }, { method: asked, ...readTarget(target), upgrade });
  return verdict.decision !== "deny";
}

function messagesPass(gate: ReturnType<typeof gateFor>, { host, port, target }: Omit<Asked, "program" | "resolved">) {
  const verdict = judgeMessages(gate, { host, port }, { method: "GET", ...readTarget(target) });
  return verdict === undefined || verdict.decision !== "deny";
}

function covers({ requests, effect }: AccessChange, asked: Asked): boolean {
  if (effect !== "widens" || !requests?.ports.includes(asked.port)) return false;
  const host = requests.host === undefined || glob(requests.host, ".").test(asked.host);
  const method = asked.upgrade ? "UPGRADE" : askedMethods.slice(0, 4).includes(asked.method) ? asked.method : "*";
  const everything = requests.methods.length === 1 && requests.methods[0] === "*";
  const path = requests.path === undefined || glob(requests.path, "/").test(readTarget(asked.target).path);
  return host && path && (everything || requests.methods.includes(method));
}

const runs = { numRuns: 200 };

describe("any two policies", () => {
  test.each([
    [true, true],
    [false, false],
    [true, false],
  ])(
    "a request that passes after and not before is reported (programs told apart before: %s, after: %s)",
    (...tells) => {
      fc.assert(
        fc.property(blocks, blocks, fc.array(request, { minLength: 20, maxLength: 20 }), (was, is, asked) => {
          const [before, after] = [policy(was), policy(is)];
          const { changes, widens } = diffPolicies(
            { policy: before, tellsPrograms: tells[0] },
            { policy: after, tellsPrograms: tells[1] },
          );
          for (const one of asked) {
            const [asIs, wanted] = tells.map((told) => (told ? one.program : undefined));
            const [first, second] = [gateFor(before, asIs), gateFor(after, wanted)];
            if (passes(first, one) || !passes(second, one)) continue;
            expect(widens).toBe(true);
            expect(
              changes.some((change) => covers(change, one)),
              JSON.stringify(one),
            ).toBe(true);
          }
        }),
        runs,
      );
    },
  );

  test("messages on a WebSocket and uninspected traffic that pass after and not before are reported", () => {
    fc.assert(
      fc.property(blocks, blocks, fc.array(request, { minLength: 20, maxLength: 20 }), (was, is, asked) => {
        const [before, after] = [policy(was), policy(is)];
        const { widens } = diffPolicies({ policy: before }, { policy: after });
        for (const one of asked.map((each) => ({ ...each, upgrade: true }))) {
          const [first, second] = [gateFor(before, one.program), gateFor(after, one.program)];
          const talks = (gate: typeof first) => passes(gate, one) && messagesPass(gate, one);
          const raw = (gate: typeof first) => {
            const { decision, inspected } = judgeConnection(gate, one);
            return decision === "allow" && !inspected && reaches(gate, one);
          };
          if ((talks(second) && !talks(first)) || (raw(second) && !raw(first))) expect(widens).toBe(true);
        }
      }),
      runs,
    );
  });

  test("what is reported as comparable is so: the gate passes the example after and not before", () => {
    fc.assert(
      fc.property(blocks, blocks, (was, is) => {
        const [before, after] = [policy(was), policy(is)];
        for (const { effect, comparable, example, area } of diffPolicies(
          { policy: before, tellsPrograms: false },
          { policy: after, tellsPrograms: false },
        ).changes) {
          if (!comparable || !example || area !== "network") continue;
          const [, method = "", scheme = "", host = "", target = ""] =
            /^(\S+(?: \(WebSocket\))?) (https?):\/\/([^:/]+)(?::\d+)?(\/.*)$/.exec(example) ?? [];
          const asked = {
            host,
            port: scheme === "http" ? 80 : 443,
            method: method.split(" ")[0] ?? "",
            target,
            upgrade: method.includes(" "),
          };
          const [first, second] = [gateFor(before, undefined), gateFor(after, undefined)];
          const opens = (resolved: string) => [first, second].map((gate) => passes(gate, { ...asked, resolved }));
          const talks = (resolved: string) =>
            [first, second].map((gate) => passes(gate, { ...asked, resolved }) && messagesPass(gate, asked));
          const expected = effect === "widens" ? [false, true] : [true, false];
          const seen = askedAddresses.flatMap((resolved) => [
            opens(resolved),
            ...(asked.upgrade ? [talks(resolved)] : []),
          ]);
          expect(seen, example).toContainEqual(expected);
        }
      }),
      runs,
    );
  });

  test("a policy says the same after its blocks are renamed, reordered, split and doubled", () => {
    fc.assert(
      fc.property(blocks, fc.boolean(), (written, reverse) => {
        const split = Object.entries(written).flatMap(([name, { endpoints, binaries }]) =>
          endpoints.flatMap((each, index) =>
            binaries.map(
              (path, at) => [`${name}-${index}-${at}`, { endpoints: [each, each], binaries: [path] }] as const,
            ),
          ),
        );
        const after = policy(Object.fromEntries(reverse ? split.reverse() : split));
        expect(told(policy(written), after)).toEqual([]);
        expect(told(after, policy(written))).toEqual([]);
      }),
      runs,
    );
  });

  test("the presets among themselves: none says less than it opens", () => {
    const baseline = mergePolicies([]);
    for (const preset of ["github", "npm", "pypi", "slack", "discord", "huggingface", "nvidia", "telegram"]) {
      const { policy: whole } = loadPolicy({ presets: [preset] });
      const { changes } = diffPolicies({ policy: baseline }, { policy: whole });
      const told = new Set(
        changes.filter(({ area }) => area === "network").map(({ where = "" }) => where.replace(/:.*$/, "")),
      );
      const there = new Set(
        Object.values(whole.network_policies).flatMap(({ endpoints }) => endpoints.map(({ host = "" }) => host)),
      );
      expect(told).toEqual(there);
    }
  });
});
