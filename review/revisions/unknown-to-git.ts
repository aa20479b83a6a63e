import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readPins } from "../../stacks/settings/pins.ts";
import { ReviewError } from "../review-error.ts";
import { asProgramWith, within } from "./as-program.ts";
import { openRevision } from "./revision.ts";
import { readStackFile, stackFileOf } from "./stack-file.ts";
import { followLinks } from "./symbolic-links.ts";

/**
 * The files in a checkout that the program would read for a stack and that a revision does not have: what the stack's settings and the
 * lock file name, wherever it lies, and the stack file itself. What lies outside the checkout is no matter of git's.
 *
 * @param lockFile of another one than the committed
 */
export function unknownToGit(folder: string, stack: string, revision: string, lockFile?: string): string[] {
  const { files } = openRevision(folder, revision);
  const isNew = (path: string) => !path.startsWith("..") && !files().has(path) && existsSync(join(folder, path));
  const stackFile = stackFileOf(stack);
  // One that is refused itself need not be one that can be read.
  if (isNew(stackFile)) return [stackFile];
  const ways = [...filesRead(folder, stackFile, lockFile)].flatMap((path) => wayTo(folder, path));
  return [...new Set(ways)].filter(isNew).sort();
}

/** What the program's own readers ask for, so that no setting that names a file is forgotten here. */
function filesRead(folder: string, stackFile: string, lockFile?: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const readFile = (named: string) => {
    const path = within(named);
    paths.add(path);
    return readFileSync(resolve(folder, path), "utf8");
  };
  if (existsSync(join(folder, stackFile))) asProgramWith(readStackFile(readFile(stackFile), stackFile), { readFile });
  readPins(readFile, lockFile);
  // The plugin reads the packages that are pinned, too, beside what they are for.
  for (const path of [...paths]) {
    if (basename(path) === "package.json") paths.add(join(dirname(path), "package-lock.json"));
  }
  return paths;
}

/** A file and the symbolic links that lead to it. */
function wayTo(folder: string, path: string): readonly string[] {
  try {
    return followLinks(path, (one) => linkAt(join(folder, one)));
  } catch (error) {
    // It leads out of the checkout.
    if (error instanceof ReviewError) return [path];
    throw error;
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
