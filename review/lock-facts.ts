import { type Fact, fact } from "./facts.ts";
import { ReviewError } from "./review-error.ts";
import type { Revision } from "./revision.ts";
import { isObject } from "./values.ts";

/** What differs in what machines install: pinned artifacts, images, the agent's packages. */
export function lockFacts(from: Revision, to: Revision): Fact[] {
  const [was, is] = [from, to].map((revision) => read(revision, "nemoclaw.lock.json"));
  return [
    ...artifacts(part(was, "artifacts"), part(is, "artifacts")),
    ...pins("image", part(was, "images"), part(is, "images"), "digest"),
    ...pins("apt repository", part(was, "apt"), part(is, "apt"), "fingerprint"),
    ...["agent", "sandbox-supervisor"].flatMap((service) => {
      const lockfiles = [was, is].map((lock) => text(part(lock, "npm")[service]?.lockfile));
      return packages(service, [from, lockfiles[0]], [to, lockfiles[1]]);
    }),
  ];
}

function read(revision: Revision, path: string): Record<string, unknown> {
  const text = revision.read(path);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {}
  throw new ReviewError(`${path} at ${revision.name} is not a JSON object`);
}

type Entries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function part(value: Readonly<Record<string, unknown>> | undefined, name: string): Entries {
  const found = value?.[name];
  return isObject(found) ? (found as Entries) : {};
}

const replaced = "another file under the same version: replaced by its publisher, or pinned wrongly before";

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

const mostPackages = 10;

type Located = readonly [revision: Revision, lockfile: string | undefined];

function packages(service: string, from: Located, to: Located): Fact[] {
  const [was, is] = [from, to].map(([revision, lockfile = `services/${service}/package-lock.json`]) =>
    part(read(revision, lockfile), "packages"),
  );
  if (was === undefined || is === undefined) return [];
  const found = names(was, is).flatMap((name) => {
    if (name === "") return [];
    const [before, after] = [was[name], is[name]];
    const version = fact(
      `npm ${name.replace(/^.*node_modules\//, "")} of the ${service}`,
      text(before?.version),
      text(after?.version),
    );
    if (version.length > 0 || before?.integrity === after?.integrity) return version;
    const note = replaced;
    return fact(`npm ${name} of the ${service}`, digest(before?.integrity), digest(after?.integrity), {
      effect: "unclear",
      note,
    });
  });
  // The service's own dependency first, then what came with it.
  const alarming = found.filter(({ effect }) => effect === "unclear");
  const plain = found.filter(({ effect }) => effect !== "unclear");
  const more = plain.length - mostPackages;
  const rest: Fact[] = more > 0 ? [{ what: `npm packages of the ${service}`, note: `${more} more have changed` }] : [];
  return [...alarming, ...plain.slice(0, mostPackages), ...rest];
}

function names(was: object, is: object): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function digest(value: unknown): string | undefined {
  if (value === null) return "not pinned";
  return typeof value === "string" ? value.replace(/^(sha\d+-?:?)?(.{12}).{8,}$/, "$1$2…") : undefined;
}
