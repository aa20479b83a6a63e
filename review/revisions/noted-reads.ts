import type { Revision } from "./revision.ts";

/** The same revision; every path that is read of it is noted, links on the way included. */
export function notingReads(revision: Revision, paths: Set<string>): Revision {
  return {
    ...revision,
    read(path) {
      for (const each of revision.way(path)) paths.add(each);
      return revision.read(path);
    },
  };
}
