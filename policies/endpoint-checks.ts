import { isIP } from "node:net";
import { checkAllowedIp } from "./allowed-ips.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkHost } from "./host-pattern.ts";
import { checkRules } from "./rule-checks.ts";

/** Something wrong with a part of a policy: where (below the part), what, and what to write. */
export interface Check {
  readonly path: (string | number)[];
  readonly message: string;
  readonly instead: string;
}

/** What no single field can tell: which fields of an endpoint go together. Pure. */
export function checkEndpoint(endpoint: Endpoint): Check[] {
  return [
    ...destination(endpoint),
    ...(endpoint.protocol === "tcp" ? uninspected(endpoint, "protocol tcp passes its payload through unseen") : []),
    ...(endpoint.protocol === undefined ? uninspected(endpoint, "without a protocol requests are not looked at") : []),
    ...base(endpoint),
    ...options(endpoint),
    ...checkRules(endpoint),
  ];
}

function* destination(endpoint: Endpoint): Generator<Check> {
  const { host, port, ports, protocol, path, allowed_ips = [] } = endpoint;
  if (port !== undefined && ports !== undefined) {
    yield { path: ["ports"], message: "port and ports exclude each other", instead: "ports alone, with every port" };
  }
  if (port === undefined && ports === undefined) {
    yield { path: [], message: "the endpoint has no port", instead: "port: 443" };
  }
  if (host !== undefined) yield* checkHost(host).map((check) => ({ path: ["host"], ...check }));
  if (protocol === "tcp" && (host === undefined || isIP(host) !== 0)) {
    yield {
      path: ["host"],
      message: "protocol tcp needs a host name, not an address",
      instead: "the name it resolves",
    };
  } else if (protocol === "mcp" && host === undefined) {
    yield { path: ["host"], message: "protocol mcp needs a host", instead: "the server's name" };
  } else if (host === undefined && allowed_ips.length === 0) {
    yield { path: ["host"], message: "the endpoint has no host", instead: "host: api.example.com (or allowed_ips)" };
  }
  if (path !== undefined) yield* checkPathGlob(path).map((check) => ({ path: ["path"], ...check }));
  for (const [index, ip] of allowed_ips.entries()) {
    const check = checkAllowedIp(ip);
    if (check) yield { path: ["allowed_ips", index], ...check };
  }
}

/** Fields that mean something only when requests are looked at. */
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
  "persisted_queries",
  "graphql_persisted_queries",
  "graphql_max_body_bytes",
  "json_rpc",
  "mcp",
] as const;

function uninspected(endpoint: Endpoint, why: string): Check[] {
  const fix =
    endpoint.protocol === "tcp"
      ? "protocol: rest where it is HTTP, or remove it"
      : "protocol: rest as well, or remove it";
  return inspectedOnly
    .filter((field) => endpoint[field] !== undefined && endpoint[field] !== false)
    .map((field) => ({ path: [field], message: `${field} would have no effect: ${why}`, instead: fix }));
}

function* base(endpoint: Endpoint): Generator<Check> {
  const { protocol, access, rules, deny_rules, mcp } = endpoint;
  if (access !== undefined && rules !== undefined) {
    yield { path: ["access"], message: "access and rules exclude each other", instead: "rules alone, or access alone" };
  }
  if (protocol === undefined || protocol === "tcp") return;
  const wholeProfile = protocol === "mcp" && mcp?.allow_all_known_mcp_methods === true;
  if ((protocol === "mcp" || protocol === "json-rpc") && access !== undefined) {
    yield {
      path: ["access"],
      message: `protocol ${protocol} has no access levels`,
      instead: "rules: [{allow: {method: initialize}}, …]",
    };
  } else if (rules === undefined && access === undefined && !wholeProfile) {
    const instead =
      protocol === "mcp" || protocol === "json-rpc"
        ? "rules: [{allow: {method: initialize}}, …]"
        : "access: read-only, or rules";
    const message =
      deny_rules === undefined
        ? `protocol ${protocol} is set and nothing says what is allowed`
        : "deny_rules take something away, and nothing is allowed to begin with";
    yield { path: deny_rules === undefined ? ["protocol"] : ["deny_rules"], message, instead };
  }
}

function* options(endpoint: Endpoint): Generator<Check> {
  const { protocol, tls, enforcement } = endpoint;
  if (protocol === undefined || protocol === "tcp") return;
  if (tls === "skip") {
    yield {
      path: ["tls"],
      message: `with tls: skip the ${protocol} rules cannot see inside`,
      instead: "remove tls, or remove protocol and its rules",
    };
  }
  if (protocol === "sql" && enforcement !== "audit") {
    yield { path: ["enforcement"], message: "protocol sql can only be watched", instead: "enforcement: audit" };
  }
  const only = (field: keyof Endpoint, allowed: readonly string[]): Check[] =>
    endpoint[field] === undefined || endpoint[field] === false || allowed.includes(protocol)
      ? []
      : [
          {
            path: [field],
            message: `${field} would have no effect with protocol ${protocol}`,
            instead: `protocol: ${allowed[0]}, or remove it`,
          },
        ];
  yield* only("websocket_credential_rewrite", ["websocket", "rest"]);
  yield* only("request_body_credential_rewrite", ["rest"]);
  yield* only("persisted_queries", ["graphql", "websocket"]);
  yield* only("graphql_persisted_queries", ["graphql", "websocket"]);
  yield* only("graphql_max_body_bytes", ["graphql", "websocket"]);
  yield* only("json_rpc", ["json-rpc"]);
  yield* only("mcp", ["mcp"]);
  yield* signing(endpoint);
}

function* signing(endpoint: Endpoint): Generator<Check> {
  const { credential_signing, signing_service, signing_region, persisted_queries, graphql_persisted_queries } =
    endpoint;
  if (credential_signing !== undefined && signing_service === undefined) {
    yield {
      path: ["credential_signing"],
      message: "signing needs the name of the service",
      instead: "signing_service: s3 as well",
    };
  }
  if (credential_signing !== undefined && endpoint.request_body_credential_rewrite) {
    const message = "credential_signing and request_body_credential_rewrite exclude each other";
    yield { path: ["request_body_credential_rewrite"], message, instead: "one of the two" };
  }
  if (credential_signing === undefined && (signing_service ?? signing_region) !== undefined) {
    const path = [signing_service === undefined ? "signing_region" : "signing_service"];
    yield {
      path,
      message: "it has no effect without credential_signing",
      instead: "credential_signing: sigv4 as well, or remove it",
    };
  }
  if (persisted_queries === "allow_registered" && graphql_persisted_queries === undefined) {
    yield {
      path: ["persisted_queries"],
      message: "no query is registered",
      instead: "graphql_persisted_queries as well, or deny",
    };
  }
}

/** A request path glob: rooted, or starting with `**`; alternatives in braces mean different things to different engines. */
export function checkPathGlob(glob: string): { message: string; instead: string }[] {
  const found = [];
  if (!glob.startsWith("/") && glob !== "**" && !glob.startsWith("**/")) {
    found.push({ message: `${JSON.stringify(glob)} does not start with / or **`, instead: `/${glob}` });
  }
  return [...found, ...checkGlob(glob)];
}

/** What is wrong with a glob whatever it matches. */
export function checkGlob(glob: string): { message: string; instead: string }[] {
  if (/[{}]/.test(glob)) {
    return [
      {
        message: `${JSON.stringify(glob)} has braces, which are not taken as alternatives`,
        instead: "one entry for each alternative",
      },
    ];
  }
  if ((glob.match(/\[/g)?.length ?? 0) !== (glob.match(/\]/g)?.length ?? 0)) {
    return [
      {
        message: `${JSON.stringify(glob)} has a bracket that is never closed or opened`,
        instead: "a closed class such as [0-9]",
      },
    ];
  }
  return [];
}
