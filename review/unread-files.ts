import type { Revision } from "./revision.ts";

/**
 * The files that differ between two revisions and of which a comparison has read nothing: what they change, it cannot tell.
 *
 * @param read the paths that were read
 */
export function unreadFiles(from: Revision, to: Revision, read: ReadonlySet<string>): string[] {
  const [was, is] = [from.files(), to.files()];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path) && !read.has(path) && !apart.some((pattern) => pattern.test(path)))
    .sort();
}

/** What no run of this stack loads: text for people, tests, other stacks' files, presets that it does not name. */
const apart = [
  /^(docs|test)\//,
  /^[^/]+\.md$/,
  /^LICENSE$/,
  /^stacks\/(examples\/|Pulumi\.[^/]+\.yaml$)/,
  /^policies\/presets\/[^/]+\.yaml$/,
];
