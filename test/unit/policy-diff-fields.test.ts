import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { diffPolicies } from "../../policies/diff.ts";
import { type Endpoint, endpointSchema } from "../../policies/endpoint.ts";
import { filesystemSchema } from "../../policies/filesystem.ts";
import { checkOverlaps } from "../../policies/overlap.ts";
import { networkPolicySchema, type Policy, policySchema } from "../../policies/policy.ts";
import { type Rule, ruleSchema } from "../../policies/rule.ts";

type Written = Record<string, unknown>;
type Pair = readonly [less: Written, more: Written];

const block = (endpoints: readonly Written[]) => ({ endpoints, binaries: ["/**"] });

function policy(endpoints: readonly Written[], rest: Written = {}): Policy {
  const network_policies = { a: block(endpoints) };
  return policySchema.parse({ version: 1, ...(endpoints.length > 0 && { network_policies }), ...rest });
}

function loads(whole: Policy): boolean {
  return checkOverlaps(whole).length === 0;
}

function told(before: readonly Written[], after: readonly Written[]): string[] {
  return diffPolicies({ policy: policy(before) }, { policy: policy(after) }).changes.map(
    ({ effect, comparable, what, note }) => `${effect}${comparable ? "" : " (not comparable)"} ${what} [${note}]`,
  );
}

const at = { host: "api.example.com", port: 443 };
const rest = (more: Written = {}) => ({ ...at, protocol: "rest", access: "full", ...more });
const socket = (more: Written = {}) => ({
  ...at,
  protocol: "websocket",
  rules: [{ allow: { method: "GET", path: "/live" } }],
  ...more,
});
const graphql = (more: Written = {}) => ({ ...at, protocol: "graphql", access: "read-only", ...more });
const mcp = (more: Written = {}) => ({
  ...at,
  protocol: "mcp",
  rules: [{ allow: { method: "initialize" } }],
  ...more,
});
const rpc = (more: Written = {}) => ({ ...at, protocol: "json-rpc", rules: [{ allow: { method: "a" } }], ...more });

const bound = (provider: string) => ({ credential_binding: { provider } });
const bindings = "a provider's credential is used (credential_binding)";
const bodies = "credentials are filled into request bodies";
const unread = "how its requests are judged has changed in a way that cannot be compared";

describe("what is done to requests is compared path by path", () => {
  test.each<[string, Written[], Written[], string[]]>([
    [
      "a credential on a second path",
      [rest({ path: "/a/**", ...bound("p") }), rest({ path: "/b/**" })],
      [rest({ path: "/a/**", ...bound("p") }), rest({ path: "/b/**", ...bound("p") })],
      [`widens ${bindings} [within /b/**; new]`],
    ],
    [
      "two credentials that change places",
      [rest({ path: "/a/**", ...bound("p") }), rest({ path: "/b/**", ...bound("q") })],
      [rest({ path: "/a/**", ...bound("q") }), rest({ path: "/b/**", ...bound("p") })],
      [`widens ${bindings} [within /a/**; p before, q now]`, `widens ${bindings} [within /b/**; q before, p now]`],
    ],
    [
      "a credential beside another",
      [rest({ path: "/a/**", ...bound("p") }), rest()],
      [rest({ path: "/a/**", ...bound("p") }), rest(bound("q"))],
      [`widens ${bindings} [new]`, `widens ${bindings} [within /a/**; p before, p and q now]`],
    ],
    [
      "a credential of two that is gone",
      [rest({ path: "/a/**", ...bound("p") }), rest(bound("q"))],
      [rest({ path: "/a/**", ...bound("p") }), rest()],
      [`narrows ${bindings} [no more]`, `narrows ${bindings} [within /a/**; p and q before, p now]`],
    ],
    [
      "bodies that are rewritten elsewhere",
      [rest({ path: "/a/**", request_body_credential_rewrite: true }), rest({ path: "/b/**" })],
      [rest({ path: "/a/**" }), rest({ path: "/b/**", request_body_credential_rewrite: true })],
      [`widens ${bodies} [within /b/**; new]`, `narrows ${bodies} [within /a/**; no more]`],
    ],
    [
      "the nearer endpoint is gone that did not rewrite",
      [rest({ request_body_credential_rewrite: true }), rest({ path: "/b/**" })],
      [rest({ request_body_credential_rewrite: true })],
      [`widens ${bodies} [within /b/**; new]`],
    ],
    [
      "one that does not rewrite is nearer now",
      [rest({ request_body_credential_rewrite: true })],
      [rest({ request_body_credential_rewrite: true }), rest({ path: "/b/**" })],
      [`narrows ${bodies} [within /b/**; no more]`],
    ],
    [
      "a wildcard, which for OpenShell also stands for a slash",
      [rest({ path: "/a/*", request_body_credential_rewrite: true }), rest()],
      [rest({ path: "/a/*", request_body_credential_rewrite: true }), rest(), rest({ path: "/a/b/c" })],
      [`narrows ${bodies} [within /a/b/c; no more]`],
    ],
    [
      "every path in other words",
      [rest({ path: "/**", request_body_credential_rewrite: true })],
      [rest({ path: "**", request_body_credential_rewrite: true })],
      [],
    ],
    [
      "a path that its folder has already",
      [rest({ path: "/a/**", ...bound("p") })],
      [rest({ path: "/a/**", ...bound("p") }), rest({ path: "/a/b/**", ...bound("p") })],
      [],
    ],
    [
      "credentials unlooked at, with a second endpoint too",
      [rest({ allow_uninspected_credentials: true }), rest({ access: "read-only" })],
      [
        rest({ allow_uninspected_credentials: true }),
        rest({ access: "read-only", allow_uninspected_credentials: true }),
      ],
      [
        "widens (not comparable) credentials pass unlooked at (allow_uninspected_credentials) [none and true before, true now]",
      ],
    ],
    [
      "the second endpoint no more",
      [
        rest({ allow_uninspected_credentials: true }),
        rest({ access: "read-only", allow_uninspected_credentials: true }),
      ],
      [rest({ allow_uninspected_credentials: true }), rest({ access: "read-only" })],
      ["narrows credentials pass unlooked at (allow_uninspected_credentials) [true before, none and true now]"],
    ],
    [
      "another region that requests are signed for",
      [rest({ credential_signing: "sigv4", signing_service: "s3", signing_region: "eu-west-1" })],
      [rest({ credential_signing: "sigv4", signing_service: "s3" })],
      [
        "widens (not comparable) requests are signed with a credential (credential_signing) [sigv4 s3 eu-west-1 before, sigv4 s3 now]",
      ],
    ],
    [
      "a host that is new, with a credential",
      [],
      [rest(bound("p"))],
      [`widens ${bindings} [new]`, "widens every method every path [undefined]"],
    ],
    ["a credential where only OpenShell judges", [mcp()], [mcp(bound("p"))], [`widens ${bindings} [new]`]],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});

describe("what only OpenShell judges", () => {
  const both = {
    persisted_queries: "allow_registered",
    graphql_persisted_queries: { h: { operation_type: "mutation" } },
  };
  const every = { method: "*", path: "/live" };
  test.each<[string, Written[], Written[], string[]]>([
    [
      "registered queries on a WebSocket",
      [socket({ persisted_queries: "deny" })],
      [socket(both)],
      [`widens (not comparable) websocket requests [${unread}]`],
    ],
    [
      "longer GraphQL messages on a WebSocket",
      [socket({ graphql_max_body_bytes: 10 })],
      [socket({ graphql_max_body_bytes: 1_000_000 })],
      [`widens (not comparable) websocket requests [${unread}]`],
    ],
    [
      "the last rule that made messages GraphQL",
      [socket({ rules: [{ allow: every }], deny_rules: [{ operation_type: "mutation" }] })],
      [socket({ rules: [{ allow: every }] })],
      [`widens (not comparable) websocket requests [${unread}]`],
    ],
    [
      "refusals that hold at last, whichever the rules are",
      [mcp({ enforcement: "audit" })],
      [mcp({ rules: [{ allow: { method: "tools/list" } }] })],
      ["narrows mcp requests [what no rule allows passed all the same and was written down (audit) before]"],
    ],
    [
      "refusals that hold no more",
      [graphql()],
      [graphql({ enforcement: "audit" })],
      ["widens graphql requests [not allowed by any rule: passed all the same and written down (audit)]"],
    ],
    [
      "no rule where that means every method of mcp",
      [mcp({ mcp: { allow_all_known_mcp_methods: true } })],
      [mcp({ mcp: { allow_all_known_mcp_methods: true }, rules: undefined })],
      [`widens (not comparable) mcp requests [${unread}]`],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});

/** For each field what says less and what says more, wherever the field may stand. */
const endpointSamples: Record<keyof Endpoint, readonly Pair[]> = {
  host: [[rest(), rest({ host: "*.example.com" })]],
  port: [[rest(), rest({ port: undefined, ports: [443, 80] })]],
  ports: [[rest({ port: undefined, ports: [443] }), rest({ port: undefined, ports: [443, 80] })]],
  allowed_ips: [[rest({ allowed_ips: ["10.0.0.1"] }), rest({ allowed_ips: ["10.0.0.0/8"] })]],
  path: [
    [rest({ path: "/a/**" }), rest()],
    [graphql({ path: "/a/**" }), graphql()],
  ],
  protocol: [
    [at, { ...at, protocol: "tcp" }],
    [rest(), at],
  ],
  enforcement: [(more?: Written) => rest({ access: "read-only", ...more }), socket, graphql, mcp, rpc].map(
    (make) => [make(), make({ enforcement: "audit" })] as const,
  ),
  access: [rest, graphql].map((make) => [make({ access: "read-only" }), make({ access: "full" })] as const),
  rules: [
    [mcp(), mcp({ rules: [{ allow: { method: "initialize" } }, { allow: { method: "tools/list" } }] })],
    [socket(), socket({ rules: [{ allow: { method: "*", path: "/live" } }] })],
  ],
  deny_rules: [
    [rest({ deny_rules: [{ method: "GET", path: "/a" }] }), rest()],
    [graphql({ deny_rules: [{ operation_type: "query", fields: ["a"] }] }), graphql()],
  ],
  allow_encoded_slash: [[rest(), rest({ allow_encoded_slash: true })]],
  tls: [[at, { ...at, tls: "skip" }]],
  allow_uninspected_credentials: [at, rest(), socket(), mcp()].map(
    (one) => [one, { ...one, allow_uninspected_credentials: true }] as const,
  ),
  websocket_credential_rewrite: [rest, socket].map(
    (make) => [make(), make({ websocket_credential_rewrite: true })] as const,
  ),
  request_body_credential_rewrite: [[rest(), rest({ request_body_credential_rewrite: true })]],
  credential_signing: [[rest(), rest({ credential_signing: "sigv4", signing_service: "s3" })]],
  signing_service: [
    [
      rest({ credential_signing: "sigv4", signing_service: "s3" }),
      rest({ credential_signing: "sigv4", signing_service: "sts" }),
    ],
  ],
  signing_region: [
    [
      rest({ credential_signing: "sigv4", signing_service: "s3" }),
      rest({ credential_signing: "sigv4", signing_service: "s3", signing_region: "eu-west-1" }),
    ],
  ],
  credential_binding: [at, rest(), socket(), graphql(), mcp(), rpc()].flatMap((one) => [
    [one, { ...one, ...bound("p") }] as const,
    [
      { ...one, ...bound("p") },
      { ...one, ...bound("q") },
    ] as const,
  ]),
  persisted_queries: [graphql, socket].map((make) => {
    const graphql_persisted_queries = { h: { operation_type: "query" } };
    const registered = make({ graphql_persisted_queries, persisted_queries: "allow_registered" });
    return [make({ graphql_persisted_queries, persisted_queries: "deny" }), registered] as const;
  }),
  graphql_persisted_queries: [graphql, socket].map((make) => {
    const persisted = (operation_type: string) =>
      make({ persisted_queries: "allow_registered", graphql_persisted_queries: { h: { operation_type } } });
    return [persisted("query"), persisted("mutation")] as const;
  }),
  graphql_max_body_bytes: [graphql, socket].map((make) => [make(), make({ graphql_max_body_bytes: 1e6 })] as const),
  json_rpc: [[rpc(), rpc({ json_rpc: { max_body_bytes: 1e6 } })]],
  mcp: [
    [mcp(), mcp({ mcp: { max_body_bytes: 1e6 } })],
    [mcp(), mcp({ mcp: { strict_tool_names: false } })],
    [mcp(), mcp({ mcp: { allow_all_known_mcp_methods: true } })],
  ],
};

const ruled = (make: (more: Written) => Written, less: Rule, more: Rule): Pair => [
  make({ access: undefined, rules: [{ allow: less }] }),
  make({ access: undefined, rules: [{ allow: more }] }),
];
const query = { operation_type: "query" };
const call = { method: "tools/call" };
const sql = (more: Written) => ({ ...at, protocol: "sql", enforcement: "audit", ...more });

const ruleSamples: Record<keyof Rule, readonly Pair[]> = {
  method: [
    ruled(rest, { method: "GET", path: "/a" }, { method: "*", path: "/a" }),
    ruled(rpc, { method: "a" }, { method: "*" }),
  ],
  path: [ruled(rest, { method: "GET", path: "/a" }, { method: "GET", path: "/a/**" })],
  query: [ruled(rest, { method: "GET", path: "/a", query: { k: "v" } }, { method: "GET", path: "/a" })],
  operation_type: [ruled(graphql, query, { operation_type: "*" }), ruled(socket, query, { operation_type: "*" })],
  operation_name: [ruled(graphql, { ...query, operation_name: "A" }, query)],
  fields: [ruled(graphql, { ...query, fields: ["a"] }, query)],
  tool: [ruled(mcp, { ...call, tool: "a" }, { ...call, tool: "*" })],
  params: [ruled(mcp, { ...call, params: { name: "a" } }, { ...call, params: { name: "*" } })],
  command: [ruled(sql, { command: "SELECT" }, { command: "INSERT" })],
};

const include = ["*.example.com"];
const otherSamples = {
  filesystem_policy: {
    include_workdir: [{}, { include_workdir: true }],
    read_only: [{}, { read_only: ["/data"] }],
    read_write: [{ read_only: ["/data"] }, { read_write: ["/data"] }],
  },
  landlock: { compatibility: [{ compatibility: "hard_requirement" }, { compatibility: "best_effort" }] },
  process: { run_as_user: [{}, { run_as_user: 1000 }], run_as_group: [{}, { run_as_group: 1000 }] },
  network_middlewares: {
    any: [
      { scrub: { middleware: "a", endpoints: { include } } },
      { scrub: { middleware: "b", endpoints: { include } } },
    ],
  },
} satisfies Record<string, Record<string, readonly [unknown, unknown]>>;

describe("every field that the schema has makes a difference that is told", () => {
  const shapeOf = (schema: z.ZodObject) => Object.keys(schema.shape).sort();

  test("and the samples below have every field", () => {
    expect(Object.keys(endpointSamples).sort()).toEqual(shapeOf(endpointSchema.in));
    expect(Object.keys(ruleSamples).sort()).toEqual(shapeOf(ruleSchema));
    expect(shapeOf(policySchema)).toEqual([...Object.keys(otherSamples), "network_policies", "version"].sort());
    expect(Object.keys(otherSamples.filesystem_policy).sort()).toEqual(shapeOf(filesystemSchema));
    expect(Object.keys(otherSamples.landlock)).toEqual(shapeOf(policySchema.shape.landlock.unwrap()));
    expect(Object.keys(otherSamples.process).sort()).toEqual(shapeOf(policySchema.shape.process.unwrap()));
    // The name is for logs; endpoints and programs are what everything else here is about.
    expect(shapeOf(networkPolicySchema)).toEqual(["binaries", "endpoints", "name"]);
  });

  const pairs = [...Object.entries(endpointSamples), ...Object.entries(ruleSamples)].flatMap(([field, samples]) =>
    samples.map(([less, more]) => [field, String(less.protocol ?? "no protocol"), less, more] as const),
  );
  // With another endpoint of the host, on whose paths the same is said already.
  function settings(less: Written, more: Written): (readonly [Policy, Policy])[] {
    const besides =
      less.protocol === more.protocol ? [less, more].map((one) => ({ ...one, path: "/elsewhere/**" })) : [];
    return [[], ...besides.map((one) => [one])].flatMap((beside) => {
      const sides = [less, more].map((one) => ({ version: 1, network_policies: { a: block([one, ...beside]) } }));
      const [before, after] = sides.flatMap((side) => policySchema.safeParse(side).data ?? []);
      return before && after && [before, after].every(loads) ? [[before, after] as const] : [];
    });
  }

  test.each(pairs)("%s of an endpoint with %s", (_, __, less, more) => {
    const all = settings(less, more);
    expect(all).not.toEqual([]);
    for (const [before, after] of all) {
      expect(diffPolicies({ policy: before }, { policy: after }).widens).toBe(true);
      expect(diffPolicies({ policy: after }, { policy: before }).changes).not.toEqual([]);
    }
  });

  const others = Object.entries(otherSamples).flatMap(([part, fields]) =>
    Object.entries(fields).map(([field, [less, more]]) => [`${part}.${field}`, part, less, more] as const),
  );
  test.each(others)("%s", (_, part, less, more) => {
    const [before, after] = [less, more].map((one) => ({ policy: policy([], { [part]: one }) })) as [never, never];
    expect(diffPolicies(before, after).widens).toBe(true);
    expect(diffPolicies(after, before).changes).not.toEqual([]);
  });
});
