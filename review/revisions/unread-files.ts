import { ReviewError } from "../review-error.ts";
import type { Revision } from "./revision.ts";

/**
 * The files that differ between two revisions and of which a comparison has read nothing: what they change, it cannot tell.
 *
 * @param read the paths that were read
 * @param settingsElsewhere whether settings may come from what is not read, so that no preset is known not to be named
 */
export function unreadFiles(
  from: Revision,
  to: Revision,
  read: ReadonlySet<string>,
  settingsElsewhere: boolean,
): string[] {
  const [was, is] = [from.files(), to.files()];
  const left = settingsElsewhere ? apart : [...apart, presets];
  const linked = [...linkedFrom(from), ...linkedFrom(to)];
  const isLeft = (path: string) => left.some((pattern) => pattern.test(path)) && !linked.some((at) => isIn(path, at));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path) && !read.has(path) && !isLeft(path))
    .sort();
}

/** Where symbolic links lead: what is there may be loaded, wherever it lies. */
function linkedFrom(revision: Revision): string[] {
  const links = [...revision.files()].flatMap(([path, known]) => (known.startsWith("120000 ") ? [path] : []));
  return links.flatMap((path) => {
    try {
      return revision.way(path).slice(1);
    } catch (error) {
      // Out of the project, or in a circle: no file of a revision is there.
      if (error instanceof ReviewError) return [];
      throw error;
    }
  });
}

const isIn = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`) || folder === ".";

/**
 * What no run of this stack loads, unless a link leads there: text for people, tests and what checks the sources, other stacks' files, presets that it does
 * not name. Pipelines are no part of it: they run the stack, with its credentials.
 */
const apart = [
  /^(docs|test)\//,
  /^[^/]+\.md$|^(services|gitops)\/README\.md$|(^|\/)\.gitignore$/,
  /^(biome|knip|tsconfig)\.json$|^vitest\.config\.ts$/,
  /^LICENSE$/,
  /^stacks\/(examples\/|Pulumi\.[^/]+\.yaml$)/,
];
const presets = /^policies\/presets\/[^/]+\.yaml$/;
