import { type Fact, fact } from "../facts.ts";
import { addressFacts } from "./address-facts.ts";
import { bumpFacts, bumps, imageFacts } from "./image-facts.ts";
import { type Entries, type Entry, elsewhere, lockAt, names, part, pinFacts, text } from "./lock-entries.ts";
import { nothingPinned, otherFields } from "./other-fields.ts";
import { packageFacts } from "./package-facts.ts";
import { pinnedFiles } from "./pinned-files.ts";
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
    ...images(part(was, "images"), part(is, "images")),
    ...each(part(was, "apt"), part(is, "apt"), (name) => `apt repository ${name}`, repository),
    ...["agent", "sandbox-supervisor"].flatMap((service) => {
      const lockfiles = [was, is].map((lock) => text(part(lock, "npm")[service]?.lockfile));
      return packageFacts(service, [from, lockfiles[0]], [to, lockfiles[1]]);
    }),
    ...each(part(was, "npm"), part(is, "npm"), (name) => `npm packages of the ${name}, as pinned`, npmLock),
    ...otherFields(path, without(was, headings), without(is, headings)),
  ];
}

type FactsOf = (what: string, before: Entry, after: Entry, name: string) => Fact[];

/** The facts of each entry under a heading; where these say nothing, that something has changed all the same. */
function each(was: Entries, is: Entries, called: (name: string) => string, factsOf: FactsOf): Fact[] {
  return names(was, is).flatMap((name) => {
    const [before, after] = [was[name], is[name]];
    const facts = factsOf(called(name), before, after, name);
    return facts.length > 0 ? facts : otherFields(called(name), before, after);
  });
}

function without(lock: object, left: readonly string[]): object {
  return Object.fromEntries(Object.entries(lock).filter(([name]) => !left.includes(name)));
}

function artifact(name: string, before: Entry, after: Entry): Fact[] {
  const version = fact(name, text(before?.version), text(after?.version));
  const same = version.length === 0 && before !== undefined && after !== undefined;
  const [old, now] = [
    { files: part(before, "files"), version: before?.version },
    { files: part(after, "files"), version: after?.version },
  ];
  const files = pinnedFiles(name, old, now, { same, versioned: true });
  return [...version, ...files, ...(before && after ? checksums(name, before, after) : [])];
}

function checksums(name: string, before: Entries[string], after: Entries[string]): Fact[] {
  const what = `${name}, its publisher's checksums`;
  const [was, is] = [text(before.checksums), text(after.checksums)];
  if (was === undefined || is === undefined) return fact(what, was, is, elsewhere);
  return addressFacts(what, { url: was, version: before.version }, { url: is, version: after.version }, true);
}

function images(was: Entries, is: Entries): Fact[] {
  const bumped = bumps(was, is);
  const paired = new Set(bumped.flatMap(({ from, to }) => [from, to]));
  const [old, now] = [was, is].map((entries) => without(entries, [...paired]) as Entries) as [Entries, Entries];
  return [
    ...bumped.flatMap((bump) => bumpFacts(bump, was[bump.from], is[bump.to])),
    ...each(old, now, (name) => `image ${name}`, imageFacts(was)),
  ];
}

/** Where a service's packages are pinned; what is pinned there is compared by itself. */
const npmLock: FactsOf = (what, before, after) => {
  if (before === undefined || after === undefined) return [];
  const moved = fact(`${what}, lock file`, text(before.lockfile), text(after.lockfile));
  return [...moved, ...otherFields(what, before, after, ["lockfile"])];
};

const repository: FactsOf = (what, before, after) => {
  const effect = before && after ? elsewhere : {};
  const moved = after ? fact(`${what}, address`, text(before?.uri), text(after.uri), effect) : [];
  return [...pinFacts(what, "fingerprint", before, after), ...moved];
};
