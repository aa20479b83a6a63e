import type { Matcher, Rule as Written } from "../../policies/rule.ts";
import { glob } from "./glob.ts";

/** One kind of request. */
export interface Rule {
  /** How answers and logs name it: `rules[2]`, `access: read-only`. */
  readonly name: string;
  /** In upper case, or `*` for all. */
  readonly method: string;
  readonly path: RegExp;
  /** Globs by the name of a query value; one of them must match. */
  readonly query: ReadonlyMap<string, readonly RegExp[]>;
}

/** What a rule is compared with. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
}

/** The method under which the text messages of a WebSocket client are judged. */
export const textMessage = "WEBSOCKET_TEXT";

const methods = {
  rest: {
    "read-only": ["GET", "HEAD", "OPTIONS"],
    "read-write": ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"],
    full: ["*"],
  },
  websocket: { "read-only": ["GET"], "read-write": ["GET", textMessage], full: ["*"] },
} as const;

/** The rules that an access level stands for. */
export function access(protocol: keyof typeof methods, level: keyof (typeof methods)["rest"]): Rule[] {
  return methods[protocol][level].map((method) => rule(`access: ${level}`, { method, path: "**" }));
}

/**
 * A rule as written, ready to be compared.
 *
 * @throws Error when it says something that the gate cannot see
 */
export function rule(name: string, written: Written): Rule {
  const { method, path, query = {}, ...more } = written;
  const unseen = Object.entries(more).find(([, value]) => value !== undefined);
  if (unseen) throw new Error(`${name}: ${unseen[0]} cannot be enforced here`);
  if (method === undefined || path === undefined) throw new Error(`${name}: method and path are both needed`);
  return {
    name,
    method: method.toUpperCase(),
    path: glob(path, "/"),
    query: new Map(Object.entries(query).map(([key, matcher]) => [key, globs(matcher)])),
  };
}

function globs(matcher: Matcher): RegExp[] {
  return (typeof matcher === "string" ? [matcher] : matcher.any).map((pattern) => glob(pattern, "."));
}

/** Whether a rule allows a request: every value of a query name that the rule speaks of must match. */
export function allows(rule: Rule, request: Request): boolean {
  return (
    sameKind(rule, request) &&
    [...rule.query].every(([name, patterns]) => {
      const values = request.query.get(name) ?? [];
      return values.length > 0 && values.every((value) => patterns.some((pattern) => pattern.test(value)));
    })
  );
}

/** Whether a rule denies a request: here one matching value of each query name is enough. */
export function denies(rule: Rule, request: Request): boolean {
  return (
    sameKind(rule, request) &&
    [...rule.query].every(([name, patterns]) =>
      request.query.get(name)?.some((value) => patterns.some((pattern) => pattern.test(value))),
    )
  );
}

function sameKind(rule: Rule, request: Request): boolean {
  const method = request.method.toUpperCase();
  const fits = rule.method === "*" || rule.method === method || (method === "HEAD" && rule.method === "GET");
  return fits && rule.path.test(request.path);
}
