import { type Fact, fact } from "./facts.ts";
import { digest, type Entries, lockAt, names, part, replaced, text } from "./lock-entries.ts";
import type { Revision } from "./revision.ts";

const mostPackages = 10;

type Located = readonly [revision: Revision, lockfile: string | undefined];

/** What differs in the npm packages of a service. */
export function packageFacts(service: string, from: Located, to: Located): Fact[] {
  const [was, is] = [from, to].map(([revision, lockfile = `services/${service}/package-lock.json`]) =>
    part(lockAt(revision, lockfile), "packages"),
  );
  if (was === undefined || is === undefined) return [];
  const found = names(was, is).flatMap((name) => {
    if (name === "") return [];
    const [before, after] = [was[name], is[name]];
    const trusted = isUnchecked(after) ? unchecked(before, after) : undefined;
    if (trusted !== undefined) return fact(`npm ${name} of the ${service}`, ...trusted, takenUnchecked);
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

const takenUnchecked = { effect: "unclear", note: "without a checksum: what its address gives is taken" } as const;

/** One that comes inside another one is covered by that one's checksum. */
function isUnchecked(entry: Entries[string] | undefined): boolean {
  return entry !== undefined && !entry.integrity && !entry.inBundle && !entry.link;
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
