import { holdsVersion, withoutVersion } from "../../host/lock-version.ts";
import type { Fact } from "../facts.ts";
import { elsewhere } from "./lock-entries.ts";

/** Where something pinned comes from, and the version that it is said to be. */
export interface Located {
  readonly url: unknown;
  readonly version: unknown;
}

/**
 * Another address than before, whatever its version; the address of what is new; and one that is not of the version that stands beside it:
 * a machine installs what the address gives.
 *
 * @param versioned whether each address has its version in it; if not, one has that had it before
 */
export function addressFacts(
  what: string,
  before: Located | undefined,
  after: Located | undefined,
  versioned: boolean,
): Fact[] {
  const url = after?.url;
  if (typeof url !== "string" || (before?.url === url && before.version === after?.version)) return [];
  const was = typeof before?.url === "string" ? before.url : undefined;
  const other = was === undefined || was === url ? {} : { before: was };
  const expected = versioned || (was !== undefined && isOf(was, before?.version));
  if (expected && !isOf(url, after?.version))
    return [
      {
        what,
        ...other,
        after: url,
        effect: "unclear",
        note: `not of version ${after?.version}: machines install what is there`,
      },
    ];
  if (was === undefined) return [{ what, after: url }];
  return was === url || place(was, before?.version) === place(url, after?.version)
    ? []
    : [{ what, before: was, after: url, ...elsewhere }];
}

// Of what has no version nothing is expected.
function isOf(url: string, version: unknown): boolean {
  return typeof version !== "string" || holdsVersion(url, version);
}

function place(url: string, version: unknown): string {
  return typeof version === "string" ? withoutVersion(url, version) : url;
}
