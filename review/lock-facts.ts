import { type Fact, fact } from "./facts.ts";
import { digest, type Entries, lockAt, names, part, replaced, text } from "./lock-entries.ts";
import { packageFacts } from "./package-facts.ts";
import type { Revision } from "./revision.ts";

/** What differs in what machines install: pinned artifacts, images, the agent's packages. */
export function lockFacts(from: Revision, to: Revision): Fact[] {
  const [was, is] = [from, to].map((revision) => lockAt(revision, "nemoclaw.lock.json"));
  return [
    ...artifacts(part(was, "artifacts"), part(is, "artifacts")),
    ...pins("image", part(was, "images"), part(is, "images"), "digest"),
    ...pins("apt repository", part(was, "apt"), part(is, "apt"), "fingerprint"),
    ...repositoryAddresses(part(was, "apt"), part(is, "apt")),
    ...["agent", "sandbox-supervisor"].flatMap((service) => {
      const lockfiles = [was, is].map((lock) => text(part(lock, "npm")[service]?.lockfile));
      return packageFacts(service, [from, lockfiles[0]], [to, lockfiles[1]]);
    }),
  ];
}

function artifacts(was: Entries, is: Entries): Fact[] {
  return names(was, is).flatMap((name) => {
    const [before, after] = [was[name], is[name]];
    const version = fact(name, text(before?.version), text(after?.version));
    const same = version.length === 0 && before !== undefined && after !== undefined;
    const files = pinnedFiles(name, part(before, "files"), part(after, "files"), same);
    const list = [before, after].map((entry) => place(entry?.checksums, entry?.version));
    const checksums = fact(`${name}, its publisher's checksums`, list[0], list[1], elsewhere);
    return [...version, ...files, ...(before && after ? checksums : [])];
  });
}

const elsewhere = { effect: "unclear", note: "taken from another place" } as const;

/** @param same whether both sides are of one version, under which nothing should change */
function pinnedFiles(name: string, old: Entries, now: Entries, same: boolean): Fact[] {
  return names(old, now).flatMap((platform) => {
    const [before, after] = [old[platform], now[platform]];
    const sums = fact(
      `${name}, ${platform}`,
      digest(before?.sha256),
      digest(after?.sha256),
      same && before?.sha256 ? { effect: "unclear", note: replaced } : {},
    );
    if (!before || !after) return sums;
    const moved = fact(`${name}, ${platform}, address`, place(before.url), place(after.url), elsewhere);
    return [...sums, ...moved];
  });
}

/** Where something comes from, whatever its version. */
function place(url: unknown, version?: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  const plain = typeof version === "string" ? url.replaceAll(version, "*") : url;
  return plain.replaceAll(/\d+(\.\d+)+/g, "*");
}

function pins(what: string, was: Entries, is: Entries, field: string): Fact[] {
  return names(was, is).flatMap((name) => {
    const [before, after] = [was[name]?.[field], is[name]?.[field]];
    const moved =
      was[name] && is[name] && before
        ? ({ effect: "unclear", note: "pinned to another one under the same name" } as const)
        : {};
    const archives = pinnedFiles(name, part(was[name], "archives"), part(is[name], "archives"), true);
    return [...fact(`${what} ${name}`, digest(before), digest(after), moved), ...archives];
  });
}

function repositoryAddresses(was: Entries, is: Entries): Fact[] {
  const kept = Object.keys(was).filter((name) => name in is);
  return kept.flatMap((name) =>
    fact(`apt repository ${name}, address`, text(was[name]?.uri), text(is[name]?.uri), elsewhere),
  );
}
