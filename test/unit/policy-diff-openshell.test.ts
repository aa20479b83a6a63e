import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonical } from "../../policies/canonical.ts";
import { isJudged } from "../../policies/diff/fields.ts";
import { diffPolicies } from "../../policies/diff.ts";
import { type Endpoint, type Policy, policySchema } from "../../policies/policy.ts";
import type { Matcher, Rule } from "../../policies/rule.ts";

// What the embedded runtime's gate cannot be asked, by a small reading of OpenShell's documentation.

type Written = Record<string, unknown>;

function policy(blocks: Written, more: Written = {}): Policy {
  return policySchema.parse({
    version: 1,
    ...(Object.keys(blocks).length > 0 && { network_policies: blocks }),
    ...more,
  });
}

const endpointPaths = [undefined, "**", "/a", "/a/**", "/a/b/**", "/a/*", "/b/**"];
const askedPaths = ["/", "/a", "/a/b", "/a/b/c", "/b", "/b/x"];
const programs = ["/usr/bin/git", "/usr/bin/curl"];

/** An endpoint's path: `*` also stands for slashes, and `/x/**` is about /x too. */
function about({ path }: Endpoint, asked: string): boolean {
  if (path === undefined || path === "**") return true;
  if (path.endsWith("/**")) return asked === path.slice(0, -3) || asked.startsWith(path.slice(0, -2));
  return path.endsWith("*") ? asked.startsWith(path.slice(0, -1)) : path === asked;
}

function endpointsFor({ network_policies = {} }: Policy, program: string, asked: string): Endpoint[] {
  return Object.values(network_policies)
    .filter(({ binaries }) => binaries.some(({ path }) => path === program))
    .flatMap(({ endpoints }) => endpoints)
    .filter((endpoint) => about(endpoint, asked));
}

function nearest(endpoints: readonly Endpoint[]): Endpoint[] {
  const length = ({ path = "" }: Endpoint) => path.replaceAll("*", "").length;
  const most = Math.max(...endpoints.map(length));
  return endpoints.filter((one) => length(one) === most);
}

const blocksOf = (endpoint: fc.Arbitrary<Written>) =>
  fc.dictionary(
    fc.constantFrom("one", "two", "three"),
    fc.record({
      endpoints: fc.array(endpoint, { minLength: 1, maxLength: 2 }),
      binaries: fc.uniqueArray(fc.constantFrom(...programs), { minLength: 1, maxLength: 2 }),
    }),
    { maxKeys: 3 },
  );
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const asked = programs.flatMap((program) => askedPaths.map((path) => ({ program, path })));

const credentials = fc
  .record({
    path: fc.constantFrom(...endpointPaths),
    provider: maybe(fc.constantFrom("p", "q")),
    socket: maybe(fc.boolean()),
    body: maybe(fc.boolean()),
    unlooked: maybe(fc.boolean()),
    region: fc.option(fc.constantFrom("r", "s"), { nil: undefined, freq: 2 }),
    signed: fc.constantFrom(false, false, true),
  })
  .map(({ path, provider, socket, body, unlooked, region, signed }): Written => {
    const where = { host: "api.example.com", port: 443, protocol: "rest", access: "full", path };
    const bound = provider && { credential_binding: { provider } };
    const kept = { websocket_credential_rewrite: socket, allow_uninspected_credentials: unlooked, ...bound };
    const signing = { credential_signing: "sigv4", signing_service: "s3", signing_region: region };
    return { ...where, ...kept, ...(signed ? signing : { request_body_credential_rewrite: body }) };
  });

/** What may be done with credentials to a request, for each word that says so. */
function powers(whole: Policy, program: string, path: string): string[] {
  const all = endpointsFor(whole, program, path);
  const close = nearest(all);
  const bound = all.flatMap(({ credential_binding }) => credential_binding?.provider ?? []);
  const signed = close.flatMap(({ credential_signing: how, signing_region: region }) =>
    how ? `${how} ${region}` : [],
  );
  return [
    ...bound.map((provider) => `the credential of ${provider}`),
    ...signed.map((how) => `signed ${how}`),
    ...(close.some((one) => one.request_body_credential_rewrite) ? ["in bodies"] : []),
    ...(close.some((one) => one.websocket_credential_rewrite) ? ["in messages"] : []),
    ...(all.some((one) => one.allow_uninspected_credentials) ? ["unlooked at"] : []),
    ...(all.length > 0 && all.every((one) => one.allow_uninspected_credentials) ? ["unlooked at by all"] : []),
  ];
}

const where = { host: "api.example.com", port: 443 };
const limits = fc.constantFrom(undefined, 10, 100_000);
const operation = fc.record(
  { operation_type: fc.constantFrom("query", "mutation", "*"), fields: fc.constantFrom(["x"], ["x", "y"]) },
  { requiredKeys: ["operation_type"] },
);
const upgrades = fc.constantFrom("GET", "*").map((method) => ({ allow: { method, path: "/**" } }));
const persisted = fc.record({
  persisted_queries: fc.constantFrom(undefined, "deny", "allow_registered"),
  graphql_persisted_queries: fc.constantFrom({ h: { operation_type: "query" } }, { h: { operation_type: "mutation" } }),
});

const ruled = (rule: fc.Arbitrary<Written>) =>
  fc.record({
    path: fc.constantFrom(...endpointPaths),
    enforcement: fc.constantFrom("enforce", "enforce", "audit"),
    rules: fc.array(
      rule.map((allow) => ({ allow })),
      { minLength: 1, maxLength: 2 },
    ),
    deny_rules: fc.option(
      rule.map((deny) => [deny]),
      { nil: undefined, freq: 3 },
    ),
  });

const graphql = fc.record({ base: ruled(operation), more: maybe(persisted), bytes: limits }).map(
  ({ base, more, bytes }): Written => ({
    ...where,
    ...base,
    ...more,
    protocol: "graphql",
    graphql_max_body_bytes: bytes,
  }),
);
const socket = fc
  .record({ base: ruled(operation), upgrade: upgrades, plain: fc.boolean(), more: maybe(persisted), bytes: limits })
  .map(({ base, upgrade, plain, more, bytes }): Written => {
    const rules = [upgrade, ...(plain ? [] : base.rules)];
    return { ...where, ...base, rules, ...more, protocol: "websocket", graphql_max_body_bytes: bytes };
  });
const tools = fc.oneof(
  fc.record({ method: fc.constantFrom("initialize", "tools/list") }),
  fc.record({ method: fc.constant("tools/call"), tool: fc.constantFrom("read", "write", "*") }),
);
const mcp = fc
  .record({ base: ruled(tools), everything: maybe(fc.boolean()), bytes: limits, bare: fc.boolean() })
  .map(({ base, everything, bytes, bare }): Written => {
    const options = { max_body_bytes: bytes, allow_all_known_mcp_methods: everything };
    const endpoint = { ...where, ...base, protocol: "mcp", mcp: options };
    return bare && everything ? { ...endpoint, rules: undefined } : endpoint;
  });
const rpc = fc
  .record({ base: ruled(fc.record({ method: fc.constantFrom("a", "b", "*") })), bytes: limits })
  .map(
    ({ base, bytes }): Written => ({ ...where, ...base, protocol: "json-rpc", json_rpc: { max_body_bytes: bytes } }),
  );
const sql = ruled(fc.record({ command: fc.constantFrom("SELECT", "INSERT") })).map(
  (base): Written => ({ ...where, ...base, protocol: "sql", enforcement: "audit" }),
);
const unseen = fc.constantFrom<Written>(where, { ...where, tls: "skip" }, { ...where, protocol: "tcp" });

// Two endpoints that differ in one field.
const near = fc
  .oneof(...[graphql, socket, mcp, rpc].map((one) => fc.tuple(one, one, fc.nat())))
  .map(([one, other, index]): readonly [Written, Written] => {
    const fields = Object.keys({ ...one, ...other }).filter(
      (field) => canonical(one[field]) !== canonical(other[field]),
    );
    const field = fields[index % fields.length];
    return [one, field === undefined ? one : { ...one, [field]: other[field] }];
  });

/** One thing that an agent may send inside a request. */
interface Sent {
  readonly protocol: string;
  readonly method?: string;
  readonly tool?: string;
  readonly operation?: string;
  readonly fields?: readonly string[];
  /** Only the hash of a registered query. */
  readonly hashed?: boolean;
  readonly command?: string;
  readonly bytes: number;
}

const sent: Sent[] = [
  ...["graphql", "websocket"].flatMap((protocol) =>
    ["query", "mutation", "subscription"].flatMap((operation) =>
      [5, 80_000].flatMap((bytes) => [
        { protocol, operation, fields: ["x"], bytes },
        { protocol, operation, fields: ["y"], bytes },
      ]),
    ),
  ),
  { protocol: "websocket", bytes: 5 },
  ...["graphql", "websocket"].map((protocol) => ({ protocol, hashed: true, bytes: 5 })),
  ...["initialize", "tools/list", "ping"].map((method) => ({ protocol: "mcp", method, bytes: 5 })),
  ...["read", "write"].map((tool) => ({ protocol: "mcp", method: "tools/call", tool, bytes: 5 })),
  { protocol: "mcp", method: "initialize", bytes: 80_000 },
  ...["a", "b", "c"].map((method) => ({ protocol: "json-rpc", method, bytes: 5 })),
  { protocol: "json-rpc", method: "a", bytes: 80_000 },
  ...["SELECT", "DELETE"].map((command) => ({ protocol: "sql", command, bytes: 5 })),
];

const named = (matcher: Matcher | undefined, value: string | undefined) =>
  matcher === undefined || matcher === "*" || matcher === value;

function fits(rule: Rule, { operation, fields = [], ...one }: Sent): boolean {
  if (operation !== undefined) {
    const kind = rule.operation_type === "*" || rule.operation_type === operation;
    return kind && (rule.fields === undefined || fields.every((field) => rule.fields?.includes(field)));
  }
  if (one.protocol === "websocket") return false;
  if (one.command !== undefined) return rule.command === one.command;
  return rule.method !== undefined && named(rule.method, one.method) && named(rule.tool, one.tool);
}

function longest({ protocol, graphql_max_body_bytes, mcp: options, json_rpc }: Endpoint): number {
  const limit = { mcp: options?.max_body_bytes, "json-rpc": json_rpc?.max_body_bytes }[String(protocol)];
  return limit ?? graphql_max_body_bytes ?? 65_536;
}

/** Whether the messages of a WebSocket have to be GraphQL. */
function speaksGraphql({
  rules = [],
  deny_rules = [],
  persisted_queries,
  graphql_persisted_queries,
}: Endpoint): boolean {
  const all = [...rules.map(({ allow }) => allow), ...deny_rules];
  const registers = persisted_queries === "allow_registered" || graphql_persisted_queries !== undefined;
  return registers || all.some(({ operation_type }) => operation_type !== undefined);
}

function arrives(whole: Policy, program: string, path: string, one: Sent): boolean {
  const all = endpointsFor(whole, program, path);
  const looked = all.filter(({ protocol }) => protocol !== undefined && protocol !== "tcp");
  if (looked.length === 0) return all.length > 0;
  const [config] = nearest(looked);
  if (config === undefined || config.protocol !== one.protocol || one.bytes > longest(config)) return false;
  if (config.enforcement === "audit") return true;
  if (config.protocol === "websocket" && !looked.some(speaksGraphql)) {
    return looked.some(({ rules = [] }) => rules.some(({ allow }) => allow.method === "*"));
  }
  const operation = one.hashed
    ? config.persisted_queries === "allow_registered"
      ? config.graphql_persisted_queries?.h?.operation_type
      : undefined
    : one.operation;
  if (one.hashed && operation === undefined) return false;
  const read = { ...one, operation };
  if (looked.some(({ deny_rules = [] }) => deny_rules.some((rule) => fits(rule, read)))) return false;
  return looked.some(({ rules, mcp: options }) =>
    rules === undefined ? options?.allow_all_known_mcp_methods === true : rules.some(({ allow }) => fits(allow, read)),
  );
}

// Endpoints that tie and differ are refused by OpenShell; which of them counts is not said.
function settled(whole: Policy): boolean {
  const config = ({ rules: _, deny_rules: __, path: ___, ...more }: Endpoint) => JSON.stringify(more);
  return asked.every(({ program, path }) => new Set(nearest(endpointsFor(whole, program, path)).map(config)).size <= 1);
}

const paths = ["/data", "/data/in", "/data/in/deep", "/datax", "/srv"];
const someOf = fc.uniqueArray(fc.constantFrom(...paths), { maxLength: 3 });
const files = fc.record({ read_only: someOf, read_write: someOf, include_workdir: fc.boolean() }, { requiredKeys: [] });
const identity = fc.record(
  { run_as_user: fc.constantFrom("sandbox", "1000", "2000"), run_as_group: fc.constantFrom("sandbox", "1000") },
  { requiredKeys: [] },
);
const strictness = fc.constantFrom("best_effort", "hard_requirement");

const level = (readable: boolean, writable: boolean) => (writable ? 2 : readable ? 1 : 0);
const holds = (list: readonly string[] = [], path: string) => list.some((one) => `${path}/`.startsWith(`${one}/`));

/** How far a path is open where rights add up, and where the nearest listed folder counts. */
function openness({ filesystem_policy: { read_only = [], read_write = [] } = {} }: Policy, path: string): number[] {
  const parents = path.split("/").map((_, index, parts) => parts.slice(0, parts.length - index).join("/"));
  const closest = parents.find((one) => read_only.includes(one) || read_write.includes(one)) ?? "";
  return [
    level(holds(read_only, path), holds(read_write, path)),
    level(read_only.includes(closest), read_write.includes(closest)),
  ];
}

const runs = { numRuns: 500 };

describe("any two policies, as OpenShell reads them", () => {
  test("a credential that may be used for a request after and not before is reported", () => {
    fc.assert(
      fc.property(blocksOf(credentials), blocksOf(credentials), (was, is) => {
        const [before, after] = [policy(was), policy(is)];
        const { changes } = diffPolicies({ policy: before }, { policy: after });
        for (const { program, path } of asked) {
          const known = powers(before, program, path);
          const gained = powers(after, program, path).filter((power) => !known.includes(power));
          const told = changes.filter(({ area, effect }) => area === "enforcement" && effect === "widens");
          if (gained.length > 0) expect(told, `${program} ${path} ${gained}`).not.toEqual([]);
        }
      }),
      runs,
    );
  });

  test("a credential that is told as gone from everywhere is used nowhere anew", () => {
    fc.assert(
      fc.property(blocksOf(credentials), blocksOf(credentials), (was, is) => {
        const [before, after] = [policy(was), policy(is)];
        const all = (whole: Policy) =>
          asked.map(({ program, path }) => [...new Set(powers(whole, program, path))].sort());
        const { changes } = diffPolicies({ policy: before }, { policy: after });
        if (changes.some(({ effect }) => effect === "widens")) return;
        for (const [index, now] of all(after).entries())
          expect(all(before)[index]).toEqual(expect.arrayContaining(now));
      }),
      runs,
    );
  });

  test("what arrives after and not before is reported, whatever the protocol", () => {
    const endpoint = fc.oneof(graphql, socket, mcp, rpc, sql, unseen);
    const sides = fc.oneof(
      fc.tuple(blocksOf(endpoint), blocksOf(endpoint)),
      near.map((pair) => pair.map((one) => ({ one: { endpoints: [one], binaries: programs } }))),
    );
    let seen = 0;
    fc.assert(
      fc.property(sides, (written) => {
        const [before, after] = written.map(
          (one) => policySchema.safeParse({ version: 1, network_policies: one }).data,
        );
        if (!before || !after || !settled(before) || !settled(after)) return;
        const { widens } = diffPolicies({ policy: before }, { policy: after });
        for (const { program, path } of asked) {
          for (const one of sent) {
            if (!arrives(after, program, path, one) || arrives(before, program, path, one)) continue;
            seen += 1;
            expect(widens, `${program} ${path} ${JSON.stringify(one)}`).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
    expect(seen).toBeGreaterThan(1000);
  });

  test("no difference between endpoints that only OpenShell judges is left out", () => {
    const endpointOf = (written: Written) =>
      policySchema.safeParse({ version: 1, network_policies: { one: { endpoints: [written], binaries: programs } } })
        .data;
    const sets = ({ rules = [], deny_rules = [], ...more }: Endpoint) =>
      canonical([more, ...[rules, deny_rules].map((all) => [...new Set<unknown>(all.map(canonical))].sort())]);
    let seen = 0;
    fc.assert(
      fc.property(near, (pair) => {
        const [before, after] = pair.map(endpointOf);
        if (!before || !after) return;
        // Those that we judge ourselves may differ in words alone.
        const endpoints = [before, after].flatMap(({ network_policies: { one } = {} }) => one?.endpoints ?? []);
        if (endpoints.every(isJudged)) return;
        const [was, is] = [before, after].map(({ network_policies: { one } = {} }) => one?.endpoints.map(sets).join());
        const { changes } = diffPolicies({ policy: before }, { policy: after });
        if (was !== is) seen += 1;
        expect(changes.length > 0).toBe(was !== is);
      }),
      { numRuns: 2000 },
    );
    expect(seen).toBeGreaterThan(500);
  });

  test("a path that is open further after than before is reported, and one that is told is so", () => {
    fc.assert(
      fc.property(files, files, (was, is) => {
        const [before, after] = [policy({}, { filesystem_policy: was }), policy({}, { filesystem_policy: is })];
        const wider = paths.some((path) => {
          const [old, now] = [openness(before, path), openness(after, path)];
          return now.some((one, reading) => one > (old[reading] ?? 0));
        });
        const { widens } = diffPolicies({ policy: before }, { policy: after });
        expect(widens).toBe(wider || (is.include_workdir === true && was.include_workdir !== true));
      }),
      runs,
    );
  });

  test("another identity and weaker confinement are reported", () => {
    const whole = fc.record({ process: identity, landlock: fc.record({ compatibility: strictness }) });
    fc.assert(
      fc.property(whole, whole, (was, is) => {
        const fields = ["run_as_user", "run_as_group"] as const;
        const other = fields.some((field) => {
          const [old = "sandbox", now = "sandbox"] = [was.process[field], is.process[field]];
          return old !== now && now !== "sandbox";
        });
        const weaker = is.landlock.compatibility === "best_effort" && was.landlock.compatibility !== "best_effort";
        const { widens } = diffPolicies({ policy: policy({}, was) }, { policy: policy({}, is) });
        expect(widens).toBe(other || weaker);
      }),
      runs,
    );
  });
});
