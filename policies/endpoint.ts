import { z } from "zod";
import { checkEndpoint } from "./endpoint-checks.ts";
import { allowRuleSchema, type Rule, ruleSchema } from "./rule.ts";

const text = z.string().min(1);
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
  host: z
    .string()
    .min(1)
    .transform((host) => host.toLowerCase())
    .optional(),
  port: port.optional(),
  ports: z.array(port).min(1).optional(),
  /** Glob that chooses between endpoints of the same host and port. @default every path */
  path: text.optional(),
  protocol: z.enum(protocols).optional(),
  // The two older values have no effect any more; a policy that still has them means the same without.
  tls: z
    .enum(["skip", "terminate", "passthrough"])
    .transform((tls) => (tls === "skip" ? tls : undefined))
    .optional(),
  /** `audit` lets refused requests pass and only writes them down. @default what the runtime takes, see docs/policies.md */
  enforcement: z.enum(["enforce", "audit"]).optional(),
  access: z.enum(["read-only", "read-write", "full"]).optional(),
  rules: z.array(allowRuleSchema).min(1).optional(),
  /** Win over `access` and `rules`. */
  deny_rules: z.array(ruleSchema).min(1).optional(),
  /** Addresses or ranges the name may resolve to, for private networks. */
  allowed_ips: z.array(text).min(1).optional(),
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

/** One destination: where, and which requests. HTTP methods come out in upper case. */
export const endpointSchema = fields
  .superRefine((endpoint, context) => {
    for (const { path, message, instead } of checkEndpoint(endpoint)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { instead } });
    }
  })
  .transform((endpoint): Endpoint => {
    if (endpoint.protocol !== "rest" && endpoint.protocol !== "websocket") return endpoint;
    const upper = (rule: Rule): Rule => (rule.method ? { ...rule, method: rule.method.toUpperCase() } : rule);
    return {
      ...endpoint,
      ...(endpoint.rules && { rules: endpoint.rules.map(({ allow }) => ({ allow: upper(allow) })) }),
      ...(endpoint.deny_rules && { deny_rules: endpoint.deny_rules.map(upper) }),
    };
  });

/** The ports of an endpoint, whichever way they are written. */
export function portsOf(endpoint: Endpoint): readonly number[] {
  return endpoint.ports ?? (endpoint.port === undefined ? [] : [endpoint.port]);
}
