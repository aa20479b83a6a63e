import { z } from "zod";
import { checkAllowedIp } from "./allowed-ips.ts";
import { refuse } from "./check.ts";
import { checkEndpoint } from "./endpoint-checks.ts";
import { checkPathGlob } from "./glob.ts";
import { checkHost } from "./host-pattern.ts";
import { allowRuleSchema, type Rule, ruleSchema } from "./rule.ts";

const text = z.string().min(1);
const host = text.transform((name) => name.toLowerCase()).superRefine(refuse(checkHost));
const port = z.int().min(1).max(65535);

/** How a request is looked at. Without a protocol only host and port count, and the payload is passed through unseen. */
export const protocols = ["rest", "websocket", "graphql", "mcp", "json-rpc", "sql", "tcp"] as const;

const persistedOperation = z.strictObject({
  operation_type: z.enum(["query", "mutation", "subscription", "*"]),
  operation_name: text.optional(),
  fields: z.array(text).min(1).optional(),
});

const fields = z.strictObject({
  /** Name or address; a wildcard only in the first label: `*.example.com` is one label, `**.example.com` one or more. */
  host: host.optional(),
  port: port.optional(),
  ports: z.array(port).min(1).optional(),
  /** Glob that chooses between endpoints of the same host and port. @default every path */
  path: text.superRefine(refuse(checkPathGlob)).optional(),
  protocol: z.enum(protocols).optional(),
  // The two older values have no effect any more; a policy that still has them means the same without.
  tls: z
    .enum(["skip", "terminate", "passthrough"])
    .transform((tls) => (tls === "skip" ? tls : undefined))
    .optional(),
  /** `audit` lets refused requests pass and only writes them down. @default enforce */
  enforcement: z.enum(["enforce", "audit"]).optional(),
  access: z.enum(["read-only", "read-write", "full"]).optional(),
  rules: z.array(allowRuleSchema).min(1).optional(),
  /** Win over `access` and `rules`. */
  deny_rules: z.array(ruleSchema).min(1).optional(),
  /** Addresses or ranges the name may resolve to, for private networks. */
  allowed_ips: z
    .array(text.superRefine(refuse(checkAllowedIp)))
    .min(1)
    .optional(),
  allow_encoded_slash: z.boolean().optional(),
  websocket_credential_rewrite: z.boolean().optional(),
  request_body_credential_rewrite: z.boolean().optional(),
  allow_uninspected_credentials: z.boolean().optional(),
  credential_signing: z.enum(["sigv4", "sigv4:body", "sigv4:no_body"]).optional(),
  signing_service: text.optional(),
  signing_region: text.optional(),
  credential_binding: z.strictObject({ provider: text }).optional(),
  persisted_queries: z.enum(["deny", "allow_registered"]).optional(),
  graphql_persisted_queries: z.record(z.string(), persistedOperation).optional(),
  graphql_max_body_bytes: z.int().min(1).max(0xffff_ffff).optional(),
  json_rpc: z.strictObject({ max_body_bytes: z.int().min(1).max(0xffff_ffff).optional() }).optional(),
  mcp: z
    .strictObject({
      max_body_bytes: z.int().min(1).max(0xffff_ffff).optional(),
      strict_tool_names: z.boolean().optional(),
      allow_all_known_mcp_methods: z.boolean().optional(),
    })
    .optional(),
});

export type Endpoint = z.infer<typeof fields>;

/**
 * One destination: where, and which requests. Parsing puts HTTP methods in upper case, and writes out `enforcement` where
 * requests are looked at: OpenShell reads its absence as `audit`, which refuses nothing, and nobody means that by leaving it
 * out.
 */
export const endpointSchema = fields.superRefine(refuse(checkEndpoint)).transform((endpoint): Endpoint => {
  const { protocol, enforcement = "enforce", rules, deny_rules } = endpoint;
  if (protocol === undefined || protocol === "tcp") return endpoint;
  if (protocol !== "rest" && protocol !== "websocket") return { ...endpoint, enforcement };
  const upper = (rule: Rule): Rule => (rule.method ? { ...rule, method: rule.method.toUpperCase() } : rule);
  return {
    ...endpoint,
    enforcement,
    ...(rules && { rules: rules.map(({ allow }) => ({ allow: upper(allow) })) }),
    ...(deny_rules && { deny_rules: deny_rules.map(upper) }),
  };
});

/** The ports of an endpoint, whichever way they are written. */
export function portsOf(endpoint: Endpoint): readonly number[] {
  return endpoint.ports ?? (endpoint.port === undefined ? [] : [endpoint.port]);
}
