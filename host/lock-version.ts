/**
 * Whether an address in the lock file is of a version: of that whole one, and not by its host.
 *
 * @example
 * holdsVersion("{artifacts}/tool/v1.10.0/tool.tgz", "1.1"); // false
 */
export function holdsVersion(address: string, version: string): boolean {
  return whole(version).test(parts(address).path);
}

/** An address with `*` for its version, to tell whether two are the same place. */
export function withoutVersion(address: string, version: string): string {
  const { host, path } = parts(address);
  return host + path.replaceAll(whole(version), "*");
}

function parts(address: string): { host: string; path: string } {
  const host = /^[\w+.-]+:\/\/[^/]*/.exec(address)?.[0] ?? "";
  return { host, path: address.slice(host.length) };
}

/** 1.1 is neither in 11.1 nor in 1.10 nor in 1.1.2. */
function whole(version: string): RegExp {
  return new RegExp(`(?<!\\d\\.?)${version.replaceAll(/[^\w]/g, "\\$&")}(?!\\.?\\d)`, "g");
}
