/**
 * Whether a host is one that an endpoint's `host` means, as OpenShell reads it: case does not count, `*` stands for part of
 * one label or all of it, `**` for one label or more.
 *
 * @example
 * hostMatches("*.example.com", "a.b.example.com"); // false
 * hostMatches("**.example.com", "a.b.example.com"); // true
 */
export function hostMatches(pattern: string, host: string): boolean {
  return expression(pattern.toLowerCase(), { one: "[^.]", star: "[^.]*", any: ".+" }).test(host.toLowerCase());
}

/**
 * Whether a request path matches a rule's glob, as OpenShell reads it: `*` and `**` stand for any characters, slashes
 * included, `?` for one, `[0-9]` and `[!0]` for one of a class. The path must be decoded and free of dot segments.
 */
export function pathMatches(glob: string, path: string): boolean {
  return expression(glob, { one: ".", star: ".*", any: ".*" }).test(path);
}

/** Whether a request's method is one that a rule's `method` means: `*` is any, and who may GET may also HEAD. */
export function methodMatches(rule: string, method: string): boolean {
  const [allowed, asked] = [rule.toUpperCase(), method.toUpperCase()];
  return allowed === "*" || allowed === asked || (allowed === "GET" && asked === "HEAD");
}

const cache = new Map<string, RegExp>();

function expression(glob: string, wild: { one: string; star: string; any: string }): RegExp {
  const key = `${wild.star}${glob}`;
  const known = cache.get(key);
  if (known) return known;
  const source = glob.replaceAll(/\*\*+|\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, (part) => {
    if (part.startsWith("**")) return wild.any;
    if (part === "*") return wild.star;
    if (part === "?") return wild.one;
    if (part.length > 1 && part.startsWith("[")) {
      const negated = part.startsWith("[!");
      return `[${negated ? "^" : ""}${part.slice(negated ? 2 : 1, -1).replaceAll(/[\\\]^[]/g, "\\$&")}]`;
    }
    return part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  });
  const compiled = new RegExp(`^${source}$`, "s");
  if (cache.size > 10_000) cache.clear();
  cache.set(key, compiled);
  return compiled;
}
