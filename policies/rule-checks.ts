import { below, type Check, check } from "./check.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkGlob, checkPathGlob } from "./glob.ts";
import { nearest } from "./nearest.ts";
import type { Matcher, Rule } from "./rule.ts";

type Field = keyof Rule;

/** Which fields a rule of each protocol has; the first ones are required. */
const shapes: Record<string, { needs: readonly Field[]; may: readonly Field[] }> = {
  rest: { needs: ["method", "path"], may: ["query"] },
  websocket: { needs: ["method", "path"], may: ["query"] },
  graphql: { needs: ["operation_type"], may: ["operation_name", "fields"] },
  mcp: { needs: ["method"], may: ["tool", "params"] },
  "json-rpc": { needs: ["method"], may: [] },
  sql: { needs: ["command"], may: [] },
};

const methods = {
  rest: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*"],
  websocket: ["GET", "WEBSOCKET_TEXT", "*"],
};
const operations = ["query", "mutation", "subscription", "*"];

/** What is wrong with an endpoint's rules under its protocol. Pure. */
export function checkRules(endpoint: Endpoint): Check[] {
  const { protocol, rules = [], deny_rules = [] } = endpoint;
  if (protocol === undefined || protocol === "tcp") return [];
  const placed = [
    ...rules.map(({ allow }, index) => ({ at: ["rules", index, "allow"], rule: allow, denies: false })),
    ...deny_rules.map((rule, index) => ({ at: ["deny_rules", index], rule, denies: true })),
  ];
  const narrowsTools = protocol === "mcp" && rules.some(({ allow }) => namesTool(allow));
  const graphqlMessages = protocol === "websocket" && placed.some(({ rule }) => isGraphql(rule));
  return placed.flatMap(({ at, rule, denies }) =>
    below(at, [
      ...fieldsOf(endpoint, rule),
      ...values(protocol, rule),
      ...globs(rule),
      ...(protocol === "mcp" ? mcp(endpoint, rule, narrowsTools) : []),
      ...(graphqlMessages && !denies ? rawText(rule) : []),
    ]),
  );
}

function isGraphql(rule: Rule): boolean {
  return (rule.operation_type ?? rule.operation_name ?? rule.fields) !== undefined;
}

function namesTool(rule: Rule): boolean {
  return (rule.tool ?? rule.params?.name) !== undefined;
}

function* fieldsOf({ protocol, mcp: options }: Endpoint, rule: Rule): Generator<Check> {
  if (protocol === undefined) return;
  const graphql = protocol === "websocket" && isGraphql(rule);
  const shape = shapes[graphql ? "graphql" : protocol];
  if (!shape) return;
  for (const field of Object.keys(rule) as Field[]) {
    if (rule[field] === undefined || shape.needs.includes(field) || shape.may.includes(field)) continue;
    const message = graphql
      ? `${field} cannot stand beside GraphQL fields in one rule`
      : `${field} is not part of a ${protocol} rule`;
    yield check(
      [field],
      message,
      graphql ? "a rule of its own" : `one of ${[...shape.needs, ...shape.may].join(", ")}`,
    );
  }
  const optional = protocol === "mcp" && options?.allow_all_known_mcp_methods === true;
  for (const field of optional ? [] : shape.needs) {
    if (rule[field] !== undefined) continue;
    yield check([], `the ${protocol} rule has no ${field}`, `${field}: ${example(field)}`);
  }
}

function example(field: Field): string {
  return { method: "GET", path: '"/**"', operation_type: "query", command: "SELECT" }[field as string] ?? "…";
}

function* values(protocol: string, rule: Rule): Generator<Check> {
  const known = protocol === "rest" || protocol === "websocket" ? methods[protocol] : undefined;
  if (known && rule.method !== undefined && !known.includes(rule.method.toUpperCase())) {
    const message = `${JSON.stringify(rule.method)} is not a method of protocol ${protocol}`;
    yield check(["method"], message, nearest(rule.method, known) ?? known.join(", "));
  }
  if (rule.operation_type !== undefined && !operations.includes(rule.operation_type)) {
    const message = `${JSON.stringify(rule.operation_type)} is not a GraphQL operation`;
    yield check(["operation_type"], message, nearest(rule.operation_type, operations) ?? operations.join(", "));
  }
  if (protocol === "json-rpc" && rule.method !== undefined && rule.method !== "*" && wild(rule.method)) {
    yield check(["method"], "json-rpc methods are matched whole", 'an exact name, or "*" for every method');
  }
}

function* globs(rule: Rule): Generator<Check> {
  if (rule.path !== undefined) yield* below(["path"], checkPathGlob(rule.path));
  const matchers: [(string | number)[], Matcher | undefined][] = [
    ...Object.entries(rule.query ?? {}).map(([key, matcher]): [string[], Matcher] => [["query", key], matcher]),
    ...(rule.fields ?? []).map((field, index): [(string | number)[], Matcher] => [["fields", index], field]),
    [["operation_name"], rule.operation_name],
    [["tool"], rule.tool],
    [["params", "name"], rule.params?.name],
  ];
  for (const [path, matcher] of matchers) {
    for (const glob of all(matcher)) yield* below(path, checkGlob(glob));
  }
}

function all(matcher: Matcher | undefined): string[] {
  if (matcher === undefined) return [];
  return typeof matcher === "string" ? [matcher] : matcher.any;
}

function wild(glob: string): boolean {
  return /[*?[\]{}]/.test(glob);
}

function* mcp({ mcp: options = {} }: Endpoint, rule: Rule, narrowsTools: boolean): Generator<Check> {
  const { method } = rule;
  const tool = namesTool(rule);
  if (method !== undefined) yield* below(["method"], checkGlob(method));
  if (method !== undefined && wild(method) && !method.startsWith("tools/")) {
    yield check(["method"], "only tools/ methods may have a wildcard", "tools/*, or one rule for each method");
  }
  if (tool && method !== undefined && method !== "tools/call") {
    yield check(["method"], "a rule that names a tool is about calling it", "tools/call");
  }
  for (const key of Object.keys(rule.params ?? {}).filter((name) => name !== "name")) {
    yield check(["params", key], "arguments of a tool cannot be matched", "remove it; only name is known");
  }
  if (rule.tool !== undefined && rule.params?.name !== undefined) {
    yield check(["tool"], "tool and params.name are the same thing", "tool alone");
  }
  if (options.strict_tool_names === false && [...all(rule.tool), ...all(rule.params?.name)].some(wild)) {
    yield check(["tool"], "wildcards need strict tool names", "exact names, or remove mcp.strict_tool_names");
  }
  const everyCall =
    method === undefined ? options.allow_all_known_mcp_methods === true : /^tools\/(call|.*[*?[])/.test(method);
  if (narrowsTools && !tool && everyCall) {
    yield check(
      [],
      "it covers every tool, while other rules allow only some",
      "tool: NAME as well, or no other tool rules",
    );
  }
}

function* rawText(rule: Rule): Generator<Check> {
  if (rule.method?.toUpperCase() !== "WEBSOCKET_TEXT") return;
  yield check(
    ["method"],
    "messages of this endpoint are GraphQL operations",
    "operation_type: query, in place of WEBSOCKET_TEXT",
  );
}
