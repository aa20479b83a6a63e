import { type Command, quote } from "../command.ts";
import type { Step } from "../step.ts";
import { type Directory, ensureDirectory } from "./directory.ts";
import { absolute, type FileFacts } from "./file-facts.ts";

/** A folder whose contents belong to one user, on every machine that its disk ever comes to. */
export interface KeptFolder extends Directory {
  readonly owner: string;
  readonly group: string;
}

/**
 * A folder that may have been made on another machine: files carry numbers, and a user has another number on each machine.
 * When the folder itself is somebody else's, all that is in it is given to its owner. The folder comes last, so its owner
 * tells about the whole of it, also after a run that died half way.
 */
export function ensureKeptFolder(folder: KeptFolder): Step<FileFacts> {
  const { name, facts, plan } = ensureDirectory(folder);
  return {
    name,
    facts,
    plan: (now) => [...(isOwned(folder, now) ? [] : [giveContents(folder, now)]), ...plan(now)],
  };
}

/** Whether nothing in it can be somebody else's. */
export function isOwned({ owner, group }: KeptFolder, now: FileFacts): boolean {
  return now.kind !== "directory" || (now.owner === owner && now.group === group);
}

// Of a link, the link itself: what the agent made must not decide whose a file elsewhere is.
function giveContents({ path, owner, group }: KeptFolder, now: FileFacts): Command {
  const was = now.kind === "absent" ? "nobody" : `${now.owner}:${now.group}`;
  return {
    title: `give what is in ${path} to ${owner}:${group} (it is ${was}'s)`,
    script: `find ${quote(absolute(path))} -mindepth 1 -maxdepth 1 -exec chown -RhP ${quote(`${owner}:${group}`)} -- {} +`,
    timeoutSeconds: 1800,
    try: `on the machine: ls -lan ${path}; journalctl -k -n 20`,
  };
}
