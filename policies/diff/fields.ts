import type { Endpoint } from "../policy.ts";
import type { Rule } from "../rule.ts";

/** Something that is done to a connection or a request besides letting it pass; it is compared path by path. */
export interface Handling {
  readonly what: string;
  /**
   * Whose word counts for a request: the nearest endpoint's, that of each whose path it has, or of them whichever says
   * something.
   */
  readonly says: "nearest" | "each" | "any";
}

const tls: Handling = { what: "TLS passes unopened (tls: skip)", says: "each" };
const uninspected: Handling = {
  what: "credentials pass unlooked at (allow_uninspected_credentials)",
  says: "each",
};
const socket: Handling = { what: "credentials are filled into WebSocket messages", says: "nearest" };
const body: Handling = { what: "credentials are filled into request bodies", says: "nearest" };
// Without a region it is taken from the host's name, so no part of it says anything alone.
const signing: Handling = { what: "requests are signed with a credential (credential_signing)", says: "nearest" };
const binding: Handling = { what: "a provider's credential is used (credential_binding)", says: "any" };

/**
 * Where each field of an endpoint is compared: with the destinations, with the requests that pass, as a {@link Handling}, or,
 * `opaque`, only as it stands: an endpoint that has such a field cannot be compared with one that differs. One that is not
 * here does not compile.
 */
export const endpointFields: Record<keyof Endpoint, "destination" | "requests" | "opaque" | Handling> = {
  host: "destination",
  port: "destination",
  ports: "destination",
  allowed_ips: "destination",
  path: "requests",
  protocol: "requests",
  enforcement: "requests",
  access: "requests",
  rules: "requests",
  deny_rules: "requests",
  allow_encoded_slash: "requests",
  tls,
  allow_uninspected_credentials: uninspected,
  websocket_credential_rewrite: socket,
  request_body_credential_rewrite: body,
  credential_signing: signing,
  signing_service: signing,
  signing_region: signing,
  credential_binding: binding,
  persisted_queries: "opaque",
  graphql_persisted_queries: "opaque",
  graphql_max_body_bytes: "opaque",
  json_rpc: "opaque",
  mcp: "opaque",
};

/** The same for the fields of a rule: what only OpenShell reads is `opaque`. */
export const ruleFields: Record<keyof Rule, "requests" | "opaque"> = {
  method: "requests",
  path: "requests",
  query: "requests",
  operation_type: "opaque",
  operation_name: "opaque",
  fields: "opaque",
  tool: "opaque",
  params: "opaque",
  command: "opaque",
};

const named = Object.entries(endpointFields) as [keyof Endpoint, (typeof endpointFields)[keyof Endpoint]][];

/** Each way that requests are handled, with the fields that say so. */
export const handlings: ReadonlyMap<Handling, readonly (keyof Endpoint)[]> = named.reduce(
  (found, [field, place]) =>
    typeof place === "object" ? found.set(place, [...(found.get(place) ?? []), field]) : found,
  new Map<Handling, (keyof Endpoint)[]>(),
);

/** Whether the requests of an endpoint can be judged one by one: nothing about it is for OpenShell alone. */
export function isJudged(endpoint: Endpoint): boolean {
  const { protocol, rules: _, deny_rules: __, ...others } = endpoint;
  if (protocol !== "rest" && protocol !== "websocket") return false;
  return (
    !hasOpaque(others, endpointFields) &&
    rulesOf(endpoint).every((rule) => rule.method && rule.path && !hasOpaque(rule, ruleFields))
  );
}

function rulesOf({ rules = [], deny_rules = [] }: Endpoint): Rule[] {
  return [...rules.map(({ allow }) => allow), ...deny_rules];
}

// A field that nobody has said anything about is taken for one that cannot be read.
function hasOpaque(value: object, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(value).some(([field, set]) => set !== undefined && (fields[field] ?? "opaque") === "opaque");
}

const apart: ReadonlySet<string> = new Set(["port", "ports", "enforcement", "rules", "deny_rules"]);

/**
 * What decides how the rules of an endpoint are read. Rules are told one by one where this is the same, so it says as well
 * whether there are any, without which mcp may allow everything, and whether messages of a WebSocket are read as GraphQL.
 */
export function frameOf(endpoint: Endpoint): object {
  const fields = Object.entries(endpoint).filter(
    ([field]) => !apart.has(field) && typeof endpointFields[field as keyof Endpoint] !== "object",
  );
  const ruled = endpoint.rules !== undefined;
  const graphql = endpoint.protocol === "websocket" && rulesOf(endpoint).some((rule) => hasOpaque(rule, ruleFields));
  return { ...Object.fromEntries(fields), ruled, graphql };
}
