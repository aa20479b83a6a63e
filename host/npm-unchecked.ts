/** What npm's lock file says of one package, as far as it decides whether anything checks it. */
interface Entry {
  readonly integrity?: unknown;
  readonly resolved?: unknown;
  readonly link?: unknown;
  readonly inBundle?: unknown;
  readonly bundleDependencies?: unknown;
}

/**
 * Whether npm installs a package without a checksum of it. One that comes inside another one is covered by that one's.
 *
 * @param name where it lies: `node_modules/a`
 * @param packages those of its lock file
 */
export function isUnchecked(name: string, packages: Readonly<Record<string, Entry>>): boolean {
  const entry = packages[name];
  if (entry === undefined || hasChecksum(entry) || entry.link) return false;
  return entry.inBundle !== true || entry.resolved !== undefined || !around(name).some((one) => bundles(packages[one]));
}

// npm takes what it cannot read as a digest for no checksum, and SHA-1 is none any more.
const digest = /^(sha512-[\w+/]{86}==|sha384-[\w+/]{64}|sha256-[\w+/]{43}=)$/;

function hasChecksum({ integrity }: Entry): boolean {
  return typeof integrity === "string" && integrity.split(" ").some((word) => digest.test(word));
}

/** The packages in whose folders one lies: `node_modules/a`, of `node_modules/a/node_modules/b`. */
function around(name: string): string[] {
  const parts = name.split("/node_modules/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/node_modules/"));
}

function bundles(entry: Entry | undefined): boolean {
  return Array.isArray(entry?.bundleDependencies) && entry.bundleDependencies.length > 0;
}
