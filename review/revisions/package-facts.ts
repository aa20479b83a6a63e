import { type Fact, fact } from "../facts.ts";
import { digest, type Entries, lockAt, names, part, replaced, text } from "./lock-entries.ts";
import { nothingPinned, otherFields } from "./other-fields.ts";
import type { Revision } from "./revision.ts";

const mostPackages = 10;

type Lock = Readonly<Record<string, unknown>>;
type Located = readonly [revision: Revision, lockfile: string | undefined];

/** What differs in the npm packages of a service. */
export function packageFacts(service: string, from: Located, to: Located): Fact[] {
  const usual = `services/${service}/package-lock.json`;
  const [old, now] = [from, to].map(([revision, lockfile = usual]) => lockAt(revision, lockfile)) as [Lock, Lock];
  const [was, is] = [part(old, "packages"), part(now, "packages")];
  const found = names(was, is).flatMap((name) => {
    const [before, after] = [was[name], is[name]];
    if (name === "") return otherFields(`what the ${service} asks npm for`, before, after);
    const trusted = isUnchecked(name, is) ? unchecked(before, after) : undefined;
    if (trusted !== undefined) return fact(`npm ${name} of the ${service}`, ...trusted, takenUnchecked);
    const called = `npm ${name.replace(/^.*node_modules\//, "")} of the ${service}`;
    const version = fact(called, text(before?.version), text(after?.version));
    if (version.length > 0) return version;
    if (before?.integrity === after?.integrity) return otherFields(called, before, after);
    const note = replaced;
    return fact(`npm ${name} of the ${service}`, digest(before?.integrity), digest(after?.integrity), {
      effect: "unclear",
      note,
    });
  });
  found.push(
    ...nothingPinned(`npm packages of the ${service}`, was, is),
    ...otherFields(`npm's lock file of the ${service}`, { ...old, packages: 0 }, { ...now, packages: 0 }),
  );
  // The service's own dependency first, then what came with it.
  const alarming = found.filter(({ effect }) => effect === "unclear");
  const plain = found.filter(({ effect }) => effect !== "unclear");
  const more = plain.length - mostPackages;
  const rest: Fact[] = more > 0 ? [{ what: `npm packages of the ${service}`, note: `${more} more have changed` }] : [];
  return [...alarming, ...plain.slice(0, mostPackages), ...rest];
}

const takenUnchecked = { effect: "unclear", note: "without a checksum: what its address gives is taken" } as const;

/** What npm installs without a checksum of it. One that comes inside another one is covered by that one's. */
function isUnchecked(name: string, packages: Entries): boolean {
  const entry = packages[name];
  if (entry === undefined || entry.integrity || entry.link) return false;
  return entry.inBundle !== true || entry.resolved !== undefined || !around(name).some((one) => bundles(packages[one]));
}

/** The packages in whose folders one lies: `node_modules/a`, of `node_modules/a/node_modules/b`. */
function around(name: string): string[] {
  const parts = name.split("/node_modules/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/node_modules/"));
}

function bundles(entry: Entries[string] | undefined): boolean {
  return Array.isArray(entry?.bundleDependencies) && entry.bundleDependencies.length > 0;
}

/** How a package that nothing checks is told on both sides; `undefined` where it is as before. */
function unchecked(before: Entries[string] | undefined, after: Entries[string] | undefined) {
  const sides = [before, after].map((entry) => {
    const { version, resolved } = entry ?? {};
    const said = [version, digest(entry?.integrity) ?? resolved].filter(Boolean).join(" from ");
    return said === "" ? undefined : said;
  }) as [string | undefined, string | undefined];
  return sides[0] === sides[1] ? undefined : sides;
}
