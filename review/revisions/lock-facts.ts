import { type Fact, fact } from "../facts.ts";
import { digest, type Entries, elsewhere, lockAt, names, part, replaced, text } from "./lock-entries.ts";
import { nothingPinned, otherFields } from "./other-fields.ts";
import { packageFacts } from "./package-facts.ts";
import type { Revision } from "./revision.ts";

const path = "nemoclaw.lock.json";
const headings = ["artifacts", "images", "apt", "npm"];

/** What differs in what machines install: pinned artifacts, images, the agent's packages. */
export function lockFacts(from: Revision, to: Revision): Fact[] {
  const [was, is] = [from, to].map((revision) => lockAt(revision, path)) as [Entries, Entries];
  const [pinned, pins] = [was, is].map((lock) => Object.assign({}, ...headings.map((name) => part(lock, name))));
  return [
    ...nothingPinned(path, pinned, pins),
    ...each(part(was, "artifacts"), part(is, "artifacts"), (name) => name, artifact),
    ...each(part(was, "images"), part(is, "images"), (name) => `image ${name}`, pin("digest")),
    ...each(part(was, "apt"), part(is, "apt"), (name) => `apt repository ${name}`, repository),
    ...["agent", "sandbox-supervisor"].flatMap((service) => {
      const lockfiles = [was, is].map((lock) => text(part(lock, "npm")[service]?.lockfile));
      return packageFacts(service, [from, lockfiles[0]], [to, lockfiles[1]]);
    }),
    ...each(part(was, "npm"), part(is, "npm"), (name) => `npm packages of the ${name}, as pinned`, npmLock),
    ...otherFields(path, without(was, headings), without(is, headings)),
  ];
}

type Entry = Entries[string] | undefined;
type FactsOf = (what: string, before: Entry, after: Entry) => Fact[];

/** The facts of each entry under a heading; where these say nothing, that something has changed all the same. */
function each(was: Entries, is: Entries, called: (name: string) => string, factsOf: FactsOf): Fact[] {
  return names(was, is).flatMap((name) => {
    const [before, after] = [was[name], is[name]];
    const facts = factsOf(called(name), before, after);
    return facts.length > 0 ? facts : otherFields(called(name), before, after);
  });
}

function without(lock: object, left: readonly string[]): object {
  return Object.fromEntries(Object.entries(lock).filter(([name]) => !left.includes(name)));
}

function artifact(name: string, before: Entry, after: Entry): Fact[] {
  const version = fact(name, text(before?.version), text(after?.version));
  const same = version.length === 0 && before !== undefined && after !== undefined;
  const files = pinnedFiles(name, part(before, "files"), part(after, "files"), same);
  const list = [before, after].map((entry) => place(entry?.checksums, entry?.version));
  const checksums = fact(`${name}, its publisher's checksums`, list[0], list[1], elsewhere);
  return [...version, ...files, ...(before && after ? checksums : [])];
}

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

/** @param field what it is pinned by */
function pin(field: string): FactsOf {
  return (what, was, is) => {
    const [before, after] = [was?.[field], is?.[field]];
    const moved =
      was && is && before ? ({ effect: "unclear", note: "pinned to another one under the same name" } as const) : {};
    const archives = pinnedFiles(what.replace(/^image /, ""), part(was, "archives"), part(is, "archives"), true);
    return [...fact(what, digest(before), digest(after), moved), ...archives];
  };
}

/** Where a service's packages are pinned; what is pinned there is compared by itself. */
const npmLock: FactsOf = (what, before, after) => {
  if (before === undefined || after === undefined) return [];
  const moved = fact(`${what}, lock file`, text(before.lockfile), text(after.lockfile));
  return [...moved, ...otherFields(what, before, after, ["lockfile"])];
};

const repository: FactsOf = (what, before, after) => {
  const moved = before && after ? fact(`${what}, address`, text(before.uri), text(after.uri), elsewhere) : [];
  return [...pin("fingerprint")(what, before, after), ...moved];
};
