import { type Fact, fact } from "../facts.ts";
import { digest, type Entries, type Entry, part, pinFacts } from "./lock-entries.ts";
import { type PinnedFiles, pinnedFiles } from "./pinned-files.ts";

/**
 * What differs in one image of a reference that stays, is new or is gone.
 *
 * @param all what was pinned before, other references of its name among it
 */
export function imageFacts(all: Entries): (what: string, was: Entry, is: Entry, reference: string) => Fact[] {
  return (what, was, is, reference) => {
    const same = was !== undefined && is !== undefined;
    const before = { ...archivesOf(reference, was), otherwise: registryOf(...(same ? [was] : ofName(all, reference))) };
    return [...pinFacts(what, "digest", was, is), ...archives(reference, before, archivesOf(reference, is), same)];
  };
}

/** An image of which another tag is pinned than before. */
export interface Bump {
  readonly from: string;
  readonly to: string;
}

/** The only one of its name that is gone, and the only one that is new. */
export function bumps(was: Entries, is: Entries): Bump[] {
  const [gone, fresh] = [without(was, is), without(is, was)];
  return [...fresh].flatMap(([name, [to, ...others]]) => {
    const [from, ...more] = gone.get(name) ?? [];
    return from === undefined || to === undefined || others.length + more.length > 0 ? [] : [{ from, to }];
  });
}

/** What differs in an image with its tag. */
export function bumpFacts({ from, to }: Bump, was: Entry, is: Entry): Fact[] {
  const name = nameOf(to);
  return [
    ...fact(`image ${name}`, tagOf(from), tagOf(to)),
    ...fact(`image ${name}, digest`, digest(was?.digest), digest(is?.digest)),
    ...archives(name, archivesOf(from, was), archivesOf(to, is), false),
  ];
}

// A site calls its archives as it likes.
function archives(name: string, old: PinnedFiles, now: PinnedFiles, same: boolean): Fact[] {
  return pinnedFiles(name, old, now, { same, versioned: false });
}

function archivesOf(reference: string, entry: Entry): PinnedFiles {
  return { files: part(entry, "archives"), version: tagOf(reference), otherwise: registryOf(entry) };
}

/** Where what has no archive comes from, if it is pinned. */
function registryOf(...entries: readonly Entry[]): string | undefined {
  return entries.some((entry) => typeof entry?.digest === "string") ? "its registry, by digest" : undefined;
}

function ofName(all: Entries, reference: string): Entry[] {
  const found = Object.keys(all).filter((one) => nameOf(one) === nameOf(reference));
  return found.map((one) => all[one]);
}

/** The references that only one side has, by name. */
function without(one: Entries, other: Entries): Map<string, string[]> {
  return Map.groupBy(
    Object.keys(one).filter((reference) => !Object.hasOwn(other, reference)),
    nameOf,
  );
}

function tagOf(reference: string): string | undefined {
  return /:([^:/@]+)$/.exec(reference)?.[1];
}

function nameOf(reference: string): string {
  return reference.replace(/:[^:/@]+$/, "");
}
