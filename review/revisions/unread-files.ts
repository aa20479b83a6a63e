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

/**
 * What no run of this stack loads: text for people, tests and what checks the sources, other stacks' files, presets that it does
 * not name. Pipelines are no part of it: they run the stack, with its credentials.
 */
const apart = [
  /^(docs|test)\//,
  /^[^/]+\.md$|^(services|gitops)\/README\.md$|(^|\/)\.gitignore$/,
  /^(biome|knip|tsconfig)\.json$|^vitest\.config\.ts$/,
  /^LICENSE$/,
  /^stacks\/(examples\/|Pulumi\.[^/]+\.yaml$)/,
  /^policies\/presets\/[^/]+\.yaml$/,
];
