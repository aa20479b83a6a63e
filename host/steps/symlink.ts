import { type Command, quote } from "../command.ts";
import type { Step } from "../step.ts";
import { absolute, type FileFacts, fileFacts } from "./file-facts.ts";

export interface Symlink {
  readonly path: string;
  /** As it is to be written: relative to the link's folder, or absolute. */
  readonly target: string;
}

/** A link that points at this target. It is replaced in one go, so there is no moment without it. */
export function ensureSymlink(link: Symlink): Step<FileFacts> {
  return {
    name: `link ${link.path}`,
    facts: fileFacts(link.path),
    plan: (now) => (now.kind === "link" && now.target === link.target ? [] : [pointLink(link)]),
    kept: { paths: [link.path], units: [] },
    replaces: (now) => pointsElsewhere(link, now),
  };
}

/** Whether a link stands there that points at something else. */
export function pointsElsewhere({ target }: Symlink, now: FileFacts): boolean {
  return now.kind === "link" && now.target !== target;
}

/** Makes a link, or points an existing one elsewhere. A folder in its place is left alone and is an error. */
export function pointLink({ path, target }: Symlink): Command {
  return {
    title: `point ${path} at ${target}`,
    script: `p=${quote(absolute(path))}
mkdir -p "$(dirname "$p")"
t="$p.nemoclaw-new"
rm -f "$t"
ln -s -- ${quote(target)} "$t"
mv -fT "$t" "$p"`,
    timeoutSeconds: 60,
  };
}
