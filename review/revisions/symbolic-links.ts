import { join, normalize } from "node:path/posix";
import { ReviewError } from "../review-error.ts";

/**
 * The symbolic links on the way to a file, and at the end the file itself, which may be missing. Paths are from the project's folder.
 *
 * @param linked where a link leads; undefined of what is none
 * @throws ReviewError when the way leads out of the project, or in a circle
 */
export function followLinks(path: string, linked: (path: string) => string | undefined): readonly string[] {
  const way: string[] = [];
  let at = normalize(path);
  // As many as Linux follows.
  while (way.length < 40) {
    if (at.startsWith("/") || at.split("/")[0] === "..") {
      const via = way.length > 0 ? `, where ${way.at(-1)} leads` : "";
      throw new ReviewError(`${way.length > 0 ? at : path} is outside the project${via}, so no revision has it`);
    }
    const link = foldersOf(at).find((one) => linked(one) !== undefined);
    if (link === undefined) return [...way, at];
    way.push(link);
    const target = linked(link) ?? "";
    const inside = at.slice(link.length + 1);
    at = target.startsWith("/") ? join(target, inside) : join(link, "..", target, inside);
  }
  throw new ReviewError(`the symbolic link ${path} leads in a circle`);
}

/** `a`, `a/b`, `a/b/c` of the last. */
function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, end) => parts.slice(0, end + 1).join("/"));
}
