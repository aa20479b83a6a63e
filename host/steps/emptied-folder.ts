import { type Command, quote } from "../command.ts";
import type { Step } from "../step.ts";
import { absolute } from "./file-facts.ts";

export interface EmptiedFolder {
  readonly path: string;
  /** Folders right in it that are removed by another step of the same plan, before this one. */
  readonly besides?: readonly string[];
}

export interface EmptiedFolderFacts {
  readonly exists: boolean;
  /** A file in it, at whatever depth, or a folder in one of its folders: somebody's, and a reason to leave it. */
  readonly holds: boolean;
}

/**
 * A folder that only held what is gone is gone too, with the empty folders right in it. One that still holds something, or is
 * where a disk is mounted, stays as it is.
 *
 * @example
 * ensureNoEmptiedFolder({ path: "/var/lib/nemoclaw" });
 */
export function ensureNoEmptiedFolder({ path, besides = [] }: EmptiedFolder): Step<EmptiedFolderFacts> {
  const folder = quote(absolute(path));
  const passed = besides.map((each) => `-path ${quote(absolute(each))} -prune -o`).join(" ");
  return {
    name: `no emptied ${path}`,
    facts: {
      script: `test -d ${folder} && ! mountpoint -q ${folder} && echo exists
find ${folder} -mindepth 1 ${passed} \\( ! -type d -o -path ${quote(`${path}/*/*`)} \\) -print -quit 2>/dev/null | grep -q . && echo holds
:`,
      parse: ({ stdout }) => ({ exists: stdout.includes("exists"), holds: stdout.includes("holds") }),
    },
    plan: ({ exists, holds }): readonly Command[] => {
      if (!exists || holds) return [];
      return [
        {
          title: `remove the empty folder ${path}`,
          script: `find ${folder} -mindepth 1 -maxdepth 1 -type d -empty -delete\nrmdir -- ${folder}`,
        },
      ];
    },
  };
}
