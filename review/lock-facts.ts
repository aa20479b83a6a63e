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
    ...["agent", "sandbox-supervisor"].flatMap((service) => packages(service, from, to)),
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
    const [old, now] = [part(before, "files"), part(after, "files")];
    const files = names(old, now).flatMap((platform) =>
      fact(`${name}, ${platform}`, digest(old[platform]?.sha256), digest(now[platform]?.sha256), {
        ...(version.length === 0 && before && after && old[platform]?.sha256
          ? { effect: "unclear", note: replaced }
          : {}),
      }),
    );
    return [...version, ...files];
  });
}

function pins(what: string, was: Entries, is: Entries, field: string): Fact[] {
  return names(was, is).flatMap((name) => {
    const [before, after] = [was[name]?.[field], is[name]?.[field]];
    const moved =
      was[name] && is[name] && before
        ? ({ effect: "unclear", note: "pinned to another one under the same name" } as const)
        : {};
    return fact(`${what} ${name}`, digest(before), digest(after), moved);
  });
}

const mostPackages = 10;

function packages(service: string, from: Revision, to: Revision): Fact[] {
  const path = `services/${service}/package-lock.json`;
  const [was, is] = [from, to].map((revision) => part(read(revision, path), "packages"));
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
