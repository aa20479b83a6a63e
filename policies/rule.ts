import { z } from "zod";

const text = z.string().min(1);

/** A glob, or several of which one must match: `"v1.*"` or `{ any: ["v1.*", "v2.*"] }`. */
export const matcherSchema = z.union([text, z.strictObject({ any: z.array(text).min(1) })], {
  error: 'expected a glob such as "v1.*", or { any: ["v1.*", "v2.*"] }',
});

/**
 * One kind of request. Which fields belong together depends on the endpoint's protocol: `method`, `path` and `query` for
 * rest and websocket, `operation_type` … for graphql, `method` and `tool` for mcp, `method` for json-rpc, `command` for sql.
 */
export const ruleSchema = z.strictObject({
  method: text.optional(),
  path: text.optional(),
  query: z.record(z.string(), matcherSchema).optional(),
  operation_type: text.optional(),
  operation_name: text.optional(),
  fields: z.array(text).min(1).optional(),
  tool: matcherSchema.optional(),
  params: z.record(z.string(), matcherSchema).optional(),
  command: text.optional(),
});

export const allowRuleSchema = z.strictObject({ allow: ruleSchema });

export type Matcher = z.infer<typeof matcherSchema>;
export type Rule = z.infer<typeof ruleSchema>;
