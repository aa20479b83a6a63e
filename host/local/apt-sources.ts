/** Where this computer gets Debian packages from, so that a base image is made from the same mirror. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const usual = { archive: "http://deb.debian.org/debian", security: "http://deb.debian.org/debian-security" };

interface Source {
  readonly uri: string;
  readonly suite: string;
}

/**
 * Lines of a sources.list for a Debian release: the mirror in these files where they name one for Debian's own release
 * `codename`, else Debian's usual one.
 *
 * @param files contents of sources.list and sources.list.d/*, both formats
 * @param codename the release this computer runs, or undefined where it is no Debian
 */
export function debianSources(suite: string, files: readonly string[], codename: string | undefined): string[] {
  const known = codename ? files.flatMap(parse).filter(({ uri }) => /^https?:/.test(uri)) : [];
  const archive = known.find((s) => s.suite === codename)?.uri ?? usual.archive;
  const security =
    known.find((s) => s.suite === `${codename}-security`)?.uri ??
    (archive === usual.archive ? usual.security : undefined);
  const lines = [`deb ${archive} ${suite} main`, `deb ${archive} ${suite}-updates main`];
  return security ? [...lines, `deb ${security} ${suite}-security main`] : lines;
}

/** The same, read from this computer. */
export function ownDebianSources(suite: string): string[] {
  return debianSources(suite, sourceFiles(), ownCodename());
}

/** The keys that Debian's packages are signed with, where this computer's apt does not know them by itself: on Ubuntu. */
export function ownDebianKeyring(): string | undefined {
  return ownCodename() === undefined ? "/usr/share/keyrings/debian-archive-keyring.gpg" : undefined;
}

/** The Debian release that this computer runs; undefined where it is no Debian. */
function ownCodename(): string | undefined {
  const release = read("/etc/os-release");
  return /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] : undefined;
}

function sourceFiles(): string[] {
  const folder = "/etc/apt/sources.list.d";
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name));
  } catch {}
  return ["/etc/apt/sources.list", ...names.map((name) => join(folder, name))].map(read);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function parse(text: string): Source[] {
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  const oneLine = lines.flatMap((line) => {
    const match = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line.trim());
    return match?.[3]?.split(/\s+/).includes("main") ? [{ uri: trim(match[1]), suite: match[2] ?? "" }] : [];
  });
  return [
    ...oneLine,
    ...lines
      .join("\n")
      .split(/\n\s*\n/)
      .flatMap(parseStanza),
  ];
}

function parseStanza(stanza: string): Source[] {
  const field = (name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, "im").exec(stanza)?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
  if (!field("Types").includes("deb") || !field("Components").includes("main")) return [];
  if (field("Enabled")[0]?.toLowerCase() === "no") return [];
  return field("URIs").flatMap((uri) => field("Suites").map((suite) => ({ uri: trim(uri), suite })));
}

function trim(uri: string | undefined): string {
  return (uri ?? "").replace(/\/+$/, "");
}
