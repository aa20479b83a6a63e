import { normalize } from "node:path/posix";
import type { Revision } from "./revision.ts";

/** The same revision; every path that is read of it is noted. */
export function notingReads(revision: Revision, paths: Set<string>): Revision {
  return {
    ...revision,
    read(path) {
      paths.add(normalize(path));
      return revision.read(path);
    },
  };
}
