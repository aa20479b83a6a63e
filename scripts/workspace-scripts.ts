import { type Command, quote } from "../host/command.ts";
import type { Question } from "../host/question.ts";

/** Where an agent's files are on its machine. */
export interface WorkspaceFacts {
  /** Nothing when there is no such folder. */
  readonly entries?: number;
}

/** How much is in a workspace, at its top. */
export function workspaceFacts(path: string): Question<WorkspaceFacts> {
  return {
    script: `test -d ${quote(path)} || exit 1\nfind ${quote(path)} -mindepth 1 -maxdepth 1 -printf . | wc -c`,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? { entries: Number(stdout.trim()) } : {}),
  };
}

/**
 * Writes a workspace to standard output as a gzipped tar archive. Everything inside stands still meanwhile, so it is of one
 * moment; links are kept as links. The same files give the same bytes.
 */
export function exportScript(path: string, { hold, release }: { hold: string; release: string }): string {
  return `set -eu
cd ${quote(path)}
go_on() {
${release}
}
trap go_on EXIT
trap 'exit 143' TERM INT HUP PIPE
{
${hold}
} >&2
tar --create --gzip --one-file-system --format=posix --pax-option=delete=atime,delete=ctime --sort=name .
`;
}

/**
 * Unpacks the archive on standard input beside a workspace, as the workspace's own user and with nothing else that user may not
 * do, and says where. Nothing is left when the archive is not the one of this checksum.
 */
export function receiveScript(path: string, sha256: string): string {
  const at = quote(path);
  return `set -eu
umask 077
owner=$(stat -c %u ${at}) group=$(stat -c %g ${at}) mode=$(stat -c %a ${at})
new=$(mktemp -d ${quote(`${path}.import.XXXXXX`)})
dir=$(mktemp -d /run/nemoclaw-import.XXXXXX)
trap 'test -n "\${kept:-}" || rm -rf -- "$new"; rm -rf -- "$dir"' EXIT
trap 'exit 143' TERM INT HUP
chown "$owner:$group" "$new"
mkfifo "$dir/bytes"
sha256sum <"$dir/bytes" >"$dir/sum" &
umask 022
code=0
tee -p "$dir/bytes" | { cd "$new" && exec setpriv --reuid="$owner" --regid="$group" --clear-groups --no-new-privs \\
  tar --extract --gzip --no-same-owner --no-same-permissions; } >&2 || code=$?
wait
test "$code" -eq 0 || exit "$code"
read -r sum rest <"$dir/sum"
test "$sum" = ${quote(sha256)} || { echo "what arrived has another checksum: $sum" >&2; exit 1; }
find "$new" -type f -perm /6000 -exec chmod ug-s {} +
chmod "$mode" "$new"
printf '%s\\n' "$new"
kept=yes
`;
}

/** Puts what was unpacked in the place of a workspace, whose files go. Nobody may be at work on them. */
export function swapWorkspace(path: string, unpacked: string): Command {
  const [at, from, before] = [quote(path), quote(unpacked), quote(`${unpacked}.before`)];
  return {
    title: `put the imported files in the place of ${path}`,
    script: `mv -T -- ${at} ${before}\nmv -T -- ${from} ${at} || { mv -T -- ${before} ${at}; exit 1; }\nrm -rf -- ${before}`,
    timeoutSeconds: 600,
  };
}

/** Removes what was unpacked, and says `unused` where it had not been put in the place of the workspace. */
export function dropUnpacked(unpacked: string): Command {
  const at = quote(unpacked);
  return {
    title: `remove ${unpacked}`,
    script: `test ! -d ${at} || echo unused\nrm -rf -- ${at}`,
    timeoutSeconds: 600,
  };
}
