import { type Fact, fact } from "../facts.ts";
import { addressFacts } from "./address-facts.ts";
import { digest, type Entries, type Entry, elsewhere, names, replaced, text } from "./lock-entries.ts";

/** Files by platform, and the version that they are of. */
export interface PinnedFiles {
  readonly files: Entries;
  readonly version: unknown;
  /** Where that comes from of which there is no file. */
  readonly otherwise?: string | undefined;
}

/**
 * @param same whether both sides are of one version, under which nothing should change
 * @param versioned as for addresses
 */
export function pinnedFiles(
  name: string,
  old: PinnedFiles,
  now: PinnedFiles,
  { same, versioned }: { readonly same: boolean; readonly versioned: boolean },
): Fact[] {
  return names(old.files, now.files).flatMap((platform) => {
    const [before, after] = [old.files[platform], now.files[platform]];
    const sums = fact(
      `${name}, ${platform}`,
      digest(before?.sha256),
      digest(after?.sha256),
      same && before?.sha256 ? { effect: "unclear", note: replaced } : {},
    );
    return [...sums, ...origin(`${name}, ${platform}, address`, [before, old], [after, now], versioned)];
  });
}

type FileOf = readonly [Entry, PinnedFiles];

function origin(what: string, [before, old]: FileOf, [after, now]: FileOf, versioned: boolean): Fact[] {
  const [from, to] = [
    before && { url: before.url, version: old.version },
    after && { url: after.url, version: now.version },
  ];
  const moved = (!from && old.otherwise) || (!to && now.otherwise);
  if (!moved) return addressFacts(what, from, to, versioned);
  return fact(what, text(from?.url) ?? old.otherwise, text(to?.url) ?? now.otherwise, elsewhere);
}
