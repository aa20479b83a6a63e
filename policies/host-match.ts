/**
 * Whether a host is one that an endpoint's `host` means, as OpenShell reads it: case does not count, `*` stands for part of
 * one label or all of it, `**` for one label or more.
 *
 * @example
 * hostMatches("*.example.com", "a.b.example.com"); // false
 * hostMatches("**.example.com", "a.b.example.com"); // true
 */
export function hostMatches(pattern: string, host: string): boolean {
  const source = pattern.toLowerCase().replaceAll(/\*\*|\*|[^*]+/g, (part) => {
    if (part === "**") return ".+";
    return part === "*" ? "[^.]*" : part.replaceAll(/[.\\^$+?()[\]{}|-]/g, "\\$&");
  });
  return new RegExp(`^${source}$`).test(host.toLowerCase());
}
