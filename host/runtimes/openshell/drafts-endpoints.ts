/** Destinations as a policy file writes them, or why the text does not tell them for sure. */
export type EndpointsRead =
  | { readonly endpoints: readonly Readonly<Record<string, unknown>>[] }
  | { readonly unclear: string };

/**
 * Reads what OpenShell prints behind `Endpoints:`, `api.example.com:443 [L7 rest, allow GET /v1/**], …`. That text leaves out
 * queries, tools and addresses; a rule that may have them is not guessed at.
 */
export function readEndpoints(text: string): EndpointsRead {
  const endpoints: Record<string, unknown>[] = [];
  let rest = text;
  while (rest !== "") {
    const [whole, host = "", port, tags = ""] = /^(\S+?):(\d+) \[([^[\]]*)\](?:, |$)/.exec(rest) ?? [];
    if (whole === undefined) return { unclear: `its destination cannot be read: ${rest.slice(0, 200)}` };
    const said = readTags(tags.split(", "));
    if (typeof said === "string") return { unclear: said };
    endpoints.push({ host, port: Number(port), ...said });
    rest = rest.slice(whole.length);
  }
  return endpoints.length > 0 ? { endpoints } : { unclear: "it names no destination" };
}

function readTags([layer = "", ...tags]: readonly string[]): Record<string, unknown> | string {
  if (layer === "L4" || layer === "tcp") {
    if (tags.length > 0) return notWhole(`${layer} with ${tags[0]}`);
    return layer === "tcp" ? { protocol: "tcp" } : {};
  }
  if (layer !== "L7 rest") return notWhole(`the protocol ${layer}`);
  const rules: object[] = [];
  const deny: object[] = [];
  let access: string | undefined;
  for (const tag of tags) {
    const [, word, method, path] = /^(allow|deny) (\S+) (\S+)$/.exec(tag) ?? [];
    // A bare star also stands for a path that is not told.
    if (word && path !== "*")
      (word === "allow" ? rules : deny).push(word === "allow" ? { allow: { method, path } } : { method, path });
    else if (tag.startsWith("access=")) access = tag.slice("access=".length);
    else return notWhole(tag);
  }
  return {
    protocol: "rest",
    // What is looked at is enforced; the text does not tell, and "audit" would refuse nothing.
    enforcement: "enforce",
    ...(access !== undefined && { access }),
    ...(rules.length > 0 && { rules }),
    ...(deny.length > 0 && { deny_rules: deny }),
  };
}

function notWhole(what: string): string {
  return `OpenShell's text does not tell the whole of such a rule (${what})`;
}
