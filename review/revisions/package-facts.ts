import { isUnchecked } from "../../host/npm-unchecked.ts";
import { type Fact, fact } from "../facts.ts";
import { digest, type Entry, lockAt, names, part, replaced, text } from "./lock-entries.ts";
import { fieldsNote, nothingPinned, otherFields } from "./other-fields.ts";
import { originFacts } from "./package-origin.ts";
import type { Revision } from "./revision.ts";

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
    return pinnedFacts(service, name, before, after);
  });
  found.push(
    ...nothingPinned(`npm packages of the ${service}`, was, is),
    ...otherFields(`npm's lock file of the ${service}`, { ...old, packages: 0 }, { ...now, packages: 0 }),
  );
  // What cannot be told first, then what is new: these are what a reader who stops early must have seen.
  const rank = (one: Fact) => (isUntold(one) ? 0 : one.before === undefined && one.after !== undefined ? 1 : 2);
  return found.toSorted((one, other) => rank(one) - rank(other));
}

function pinnedFacts(service: string, name: string, before: Entry, after: Entry): Fact[] {
  const origin = originFacts(service, name, before, after);
  const called = `npm ${name.replace(/^.*node_modules\//, "")} of the ${service}`;
  const fields = fieldsNote(before, after, ["version", "integrity", "hasInstallScript", ...ofOrigin]);
  const note = [newScript(before, after), fields].filter((one) => one !== undefined).join("; ");
  const version = fact(called, text(before?.version), text(after?.version), note ? { note } : {});
  if (version.length > 0) return [...origin, ...version];
  if (before?.integrity === after?.integrity)
    return [...origin, ...otherFields(called, before, after, origin.length > 0 ? ofOrigin : [])];
  const sums = [digest(before?.integrity), digest(after?.integrity)] as const;
  return [...origin, ...fact(`npm ${name} of the ${service}`, ...sums, { effect: "unclear", note: replaced })];
}

const ofOrigin = ["name", "resolved"];
const script = "new: a script for its installation, which machines do not run";

function newScript(before: Entry, after: Entry): string | undefined {
  return after?.hasInstallScript && !before?.hasInstallScript ? script : undefined;
}

function isUntold({ effect, note }: Fact): boolean {
  return effect === "unclear" || note?.startsWith(script) === true;
}

const takenUnchecked = { effect: "unclear", note: "without a checksum: what its address gives is taken" } as const;

/** How a package that nothing checks is told on both sides; `undefined` where it is as before. */
function unchecked(before: Entry, after: Entry) {
  const sides = [before, after].map((entry) => {
    const { version, resolved } = entry ?? {};
    const said = [version, digest(entry?.integrity) ?? resolved].filter(Boolean).join(" from ");
    return said === "" ? undefined : said;
  }) as [string | undefined, string | undefined];
  return sides[0] === sides[1] ? undefined : sides;
}
