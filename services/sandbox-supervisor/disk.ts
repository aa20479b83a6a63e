import { readdirSync, realpathSync } from "node:fs";
import type { Disk } from "./filesystem.ts";

/** The machine's disk, as the supervisor sees it: what it may not look at is not there. */
export const disk: Disk = {
  real(path) {
    try {
      return realpathSync(path);
    } catch {
      return undefined;
    }
  },
  list(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
};
