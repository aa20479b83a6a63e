import { type Command, quote } from "../command.ts";
import type { Sensitive } from "../sensitive.ts";
import type { Step } from "../step.ts";
import { absolute, type FileFacts, fileFacts, octal, sha256 } from "./file-facts.ts";

/** A file that is ours from its first byte to its last. */
export interface ManagedFile {
  /** Absolute; folders above it that are missing are made, with mode 0755. */
  readonly path: string;
  readonly content: string | Uint8Array | Sensitive;
  /** @default 0o644 */
  readonly mode?: number;
  /** @default root */
  readonly owner?: string;
  /** @default root */
  readonly group?: string;
}

/**
 * A file with this content, mode and owner. Content is compared by its hash, so a secret is never read back.
 *
 * @example
 * ensureFile({ path: "/etc/nemoclaw/credentials/nemoclaw-route@main.inference-key", content: new Sensitive(key), mode: 0o600 });
 */
export function ensureFile(file: ManagedFile): Step<FileFacts> {
  return {
    name: `file ${file.path}`,
    facts: fileFacts(file.path),
    plan: (now) => {
      if (!holds(file, now)) return [writeFile(file)];
      return sameOwnerAndMode(file, now) ? [] : [setOwnerAndMode(file)];
    },
    kept: { paths: [file.path], units: [] },
  };
}

/** Whether what stands there has the file's content, whoever owns it. */
export function holds(file: ManagedFile, now: FileFacts): boolean {
  return now.kind === "file" && now.sha256 === sha256(file.content);
}

/** Writes a file beside its place and renames it into it, so that nobody ever reads half of it. */
export function writeFile(file: ManagedFile): Command {
  const path = quote(absolute(file.path));
  return {
    title: `write ${file.path}`,
    script: `d=$(dirname ${path})
mkdir -p "$d"
t=$(mktemp "$d/.nemoclaw.XXXXXX")
trap 'rm -f "$t"' EXIT
cat >"$t"
chown ${ownership(file)} "$t"
chmod ${octal(file.mode ?? 0o644)} "$t"
mv -fT "$t" ${path}`,
    shown: `write ${file.path}`,
    stdin: file.content,
    timeoutSeconds: 60,
    try: `on the machine: ls -la ${file.path}; df -h ${file.path}`,
  };
}

type Owned = Pick<ManagedFile, "path" | "mode" | "owner" | "group">;

export function sameOwnerAndMode(wanted: Owned & { readonly mode?: number }, now: FileFacts, mode = 0o644): boolean {
  return (
    now.kind !== "absent" &&
    now.mode === (wanted.mode ?? mode) &&
    now.owner === (wanted.owner ?? "root") &&
    now.group === (wanted.group ?? "root")
  );
}

function setOwnerAndMode(file: ManagedFile): Command {
  const mode = octal(file.mode ?? 0o644);
  const path = quote(file.path);
  return {
    title: `set the owner of ${file.path} to ${ownership(file)} and its mode to ${mode}`,
    script: `chown ${ownership(file)} ${path}\nchmod ${mode} ${path}`,
  };
}

function ownership({ owner = "root", group = "root" }: Owned): string {
  return quote(`${owner}:${group}`);
}
