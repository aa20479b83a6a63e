import { type Fact, fact } from "../facts.ts";
import { addressFacts } from "./address-facts.ts";
import { digest, type Entries, names, replaced } from "./lock-entries.ts";

/** Files by platform, and the version that they are of. */
export interface PinnedFiles {
  readonly files: Entries;
  readonly version: unknown;
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
    const [from, to] = [
      before && { url: before.url, version: old.version },
      after && { url: after.url, version: now.version },
    ];
    return [...sums, ...addressFacts(`${name}, ${platform}, address`, from, to, versioned)];
  });
}
