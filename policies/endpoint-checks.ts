import { isIP } from "node:net";
import { type Check, check } from "./check.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkRules } from "./rule-checks.ts";

/** What no single field can tell: which fields of an endpoint go together. Pure. */
export function checkEndpoint(endpoint: Endpoint): Check[] {
  const { protocol } = endpoint;
  if (protocol === undefined) return [...destination(endpoint), ...blind(endpoint, "without a protocol")];
  if (protocol === "tcp") return [...destination(endpoint), ...blind(endpoint, "with protocol tcp")];
  return [
    ...destination(endpoint),
    ...base(endpoint),
    ...watching(endpoint),
    ...misplaced(endpoint),
    ...signing(endpoint),
    ...checkRules(endpoint),
  ];
}

function* destination({ host, port, ports, protocol, allowed_ips = [] }: Endpoint): Generator<Check> {
  if (port !== undefined && ports !== undefined) {
    yield check(["ports"], "port and ports exclude each other", "ports alone, with every port");
  }
  if (port === undefined && ports === undefined) yield check([], "the endpoint has no port", "port: 443");
  if (protocol === "tcp" && (host === undefined || isIP(host) !== 0)) {
    yield check(["host"], "protocol tcp needs a host name, not an address", "the name it resolves");
  } else if (host === undefined && (allowed_ips.length === 0 || protocol === "mcp")) {
    yield check([], "the endpoint has no host", "host: api.example.com");
  }
}

const inspectedOnly = [
  "path",
  "enforcement",
  "access",
  "rules",
  "deny_rules",
  "allow_encoded_slash",
  "websocket_credential_rewrite",
  "request_body_credential_rewrite",
  "credential_signing",
  "signing_service",
  "signing_region",
  "persisted_queries",
  "graphql_persisted_queries",
  "graphql_max_body_bytes",
  "json_rpc",
  "mcp",
] as const;

function set(endpoint: Endpoint, field: keyof Endpoint): boolean {
  return endpoint[field] !== undefined && endpoint[field] !== false;
}

function blind(endpoint: Endpoint, why: string): Check[] {
  return inspectedOnly
    .filter((field) => set(endpoint, field))
    .map((field) =>
      check([field], `${field} has no effect: ${why} requests are not looked at`, "protocol: rest, or remove it"),
    );
}

function* base({ protocol, access, rules, deny_rules, mcp }: Endpoint): Generator<Check> {
  const calls = protocol === "mcp" || protocol === "json-rpc";
  const instead = calls ? "rules: [{allow: {method: initialize}}]" : "access: read-only, or rules";
  if (calls && access !== undefined) {
    yield check(["access"], `protocol ${protocol} has no access levels`, instead);
  } else if (access !== undefined && rules !== undefined) {
    yield check(["access"], "access and rules exclude each other", "one of the two");
  }
  if (rules !== undefined || access !== undefined || mcp?.allow_all_known_mcp_methods === true) return;
  if (deny_rules === undefined) {
    yield check(["protocol"], `protocol ${protocol} is set and nothing says what is allowed`, instead);
  } else {
    yield check(["deny_rules"], "deny_rules take away from what is allowed, and nothing is", `${instead} as well`);
  }
}

function* watching({ protocol, tls, enforcement }: Endpoint): Generator<Check> {
  if (tls === "skip") {
    const message = `with tls: skip the ${protocol} rules see nothing`;
    yield check(["tls"], message, "remove tls, or protocol with its rules");
  }
  if (protocol === "sql" && enforcement !== "audit") {
    yield check(["enforcement"], "protocol sql can only be watched", "enforcement: audit");
  }
}

const belongsTo: Partial<Record<keyof Endpoint, readonly string[]>> = {
  websocket_credential_rewrite: ["websocket", "rest"],
  request_body_credential_rewrite: ["rest"],
  persisted_queries: ["graphql", "websocket"],
  graphql_persisted_queries: ["graphql", "websocket"],
  graphql_max_body_bytes: ["graphql", "websocket"],
  json_rpc: ["json-rpc"],
  mcp: ["mcp"],
};

function misplaced(endpoint: Endpoint): Check[] {
  const { protocol = "" } = endpoint;
  return (Object.entries(belongsTo) as [keyof Endpoint, readonly string[]][])
    .filter(([field, where]) => set(endpoint, field) && !where.includes(protocol))
    .map(([field, where]) =>
      check([field], `${field} has no effect with protocol ${protocol}`, `protocol: ${where[0]}, or remove it`),
    );
}

function* signing(endpoint: Endpoint): Generator<Check> {
  const signed = endpoint.credential_signing !== undefined;
  if (signed && endpoint.signing_service === undefined) {
    yield check(["credential_signing"], "signing needs the name of the service", "signing_service: s3 as well");
  }
  if (signed && endpoint.request_body_credential_rewrite) {
    const message = "credential_signing and request_body_credential_rewrite exclude each other";
    yield check(["request_body_credential_rewrite"], message, "one of the two");
  }
  for (const field of ["signing_service", "signing_region"] as const) {
    if (signed || endpoint[field] === undefined) continue;
    yield check(
      [field],
      `${field} has no effect without credential_signing`,
      "credential_signing: sigv4, or remove it",
    );
  }
  if (endpoint.persisted_queries === "allow_registered" && endpoint.graphql_persisted_queries === undefined) {
    yield check(["persisted_queries"], "no query is registered", "graphql_persisted_queries as well, or deny");
  }
}
