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

/**
 * Puts what was unpacked in the place of a workspace. Nobody may be at work on its files. They lie beside it then: under a name that
 * {@link removeLeft} takes away once the others are in their place, and under one that nothing takes away until then.
 */
export function swapWorkspace(path: string, unpacked: string): Command {
  const [at, from, before, gone] = names(path, unpacked);
  return {
    title: `put the imported files in the place of ${path}`,
    script: `mv -T -- ${at} ${before}
mv -T -- ${from} ${at} || { mv -T -- ${before} ${at}; exit 1; }
mv -T -- ${before} ${gone}`,
    timeoutSeconds: 60,
  };
}

/** What became of an import. */
export interface Left {
  /** Whether the imported files had not been put in the place of the workspace. */
  readonly unused: boolean;
  /** Folders with files of before this import, or an earlier one, that could not be removed. */
  readonly gone: readonly string[];
  /** The same of one that was stopped half-way, when something else came into their place: nothing removes them. */
  readonly aside: readonly string[];
}

/**
 * Removes what imports left: what this one unpacked, and the files of before that others have taken the place of, of earlier imports
 * too. Where the exchange was stopped half-way the files of before are put back. {@link readLeft} reads what it says.
 */
export function removeLeft(path: string, unpacked: string): Command {
  const [at, from, before, gone] = names(path, unpacked);
  return {
    title: `remove what is left of the import into ${path}`,
    script: `if test -d ${from} || ! test -e ${at}; then
  echo unused
  test -e ${at} || ! test -d ${before} || mv -T -- ${before} ${at}
  rm -rf -- ${from} || :
elif test -d ${before}; then
  mv -T -- ${before} ${gone}
fi
for old in ${quote(`${path}.import.`)}*.gone; do
  rm -rf -- "$old" || :
done
for old in ${quote(`${path}.import.`)}*.gone ${quote(`${path}.import.`)}*.before; do
  ! test -e "$old" || echo "left $old"
done`,
    timeoutSeconds: 600,
  };
}

export function readLeft(said: string): Left {
  const lines = said.split("\n");
  const folders = lines.flatMap((line) => (line.startsWith("left ") ? [line.slice("left ".length)] : []));
  const aside = folders.filter((folder) => folder.endsWith(".before"));
  return { unused: lines.includes("unused"), gone: folders.filter((folder) => !aside.includes(folder)), aside };
}

function names(path: string, unpacked: string): [at: string, from: string, before: string, gone: string] {
  return [quote(path), quote(unpacked), quote(`${unpacked}.before`), quote(`${unpacked}.gone`)];
}
