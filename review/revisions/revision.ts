import { execFileSync } from "node:child_process";
import { ReviewError } from "../review-error.ts";
import { followLinks } from "./symbolic-links.ts";

/** The files of one git revision. */
export interface Revision {
  /** As the person named it. */
  readonly name: string;
  readonly commit: string;
  /** Nothing when there is no such file. Paths are from the project's folder. */
  read(path: string): string | undefined;
  /** What reading a path depends on: the file, and the symbolic links on the way to it. */
  way(path: string): readonly string[];
  /** Every file, by path, with what its content is known by. */
  files(): ReadonlyMap<string, string>;
}

/**
 * Opens a revision of the repository a folder is in.
 *
 * @throws ReviewError when there is no git, no repository or no such revision
 */
export function openRevision(folder: string, name: string): Revision {
  if (name.startsWith("-"))
    throw new ReviewError(`${JSON.stringify(name)} is not a revision`, "a branch, a tag or a commit");
  const shallow = "git fetch --unshallow; in a pipeline, a checkout with the whole history";
  const commit = git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
  if (commit === undefined) throw new ReviewError(`there is no revision ${name} in ${folder}`, shallow);
  const id = commit.trim();
  // A commit stays what it is, and a report reads some of its files for several of its parts.
  const texts = new Map<string, string | undefined>();
  let listed: ReadonlyMap<string, string> | undefined;
  return {
    name,
    commit: id,
    read(path) {
      const file = way(path).at(-1) as string;
      if (!texts.has(file)) texts.set(file, textAt(file));
      return texts.get(file);
    },
    way,
    files,
  };

  function files(): ReadonlyMap<string, string> {
    listed ??= list();
    return listed;
  }

  function way(path: string): readonly string[] {
    return followLinks(path, (link) => (files().get(link)?.startsWith("120000 ") ? textAt(link) : undefined));
  }

  function textAt(path: string): string | undefined {
    if (git(folder, ["cat-file", "-e", `${id}:./${path}`]) === undefined) return undefined;
    return git(folder, ["cat-file", "blob", `${id}:./${path}`]);
  }

  function list(): ReadonlyMap<string, string> {
    const entries = git(folder, ["ls-tree", "-r", "-z", id]);
    if (entries === undefined) throw new ReviewError(`git does not list the files of revision ${name}`, shallow);
    // MODE TYPE OBJECT, a tab, PATH
    const parted = entries.split("\0").filter((entry) => entry !== "");
    return new Map(parted.map((entry) => [entry.slice(entry.indexOf("\t") + 1), entry.slice(0, entry.indexOf("\t"))]));
  }
}

function git(folder: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") throw new ReviewError("git is not there, and revisions are read with it", "install git");
    if (/not a git repository|dubious ownership/.test(stderr)) throw new ReviewError(`git said: ${stderr.trim()}`);
    return undefined;
  }
}
