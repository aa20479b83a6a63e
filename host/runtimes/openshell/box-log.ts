import { quote } from "../../command.ts";
import type { LogSource, LogWanted } from "../log-source.ts";
import { outgoingContainer } from "./container.ts";
import { chatter, deniedLine, supervisorLine } from "./ocsf-line.ts";

/** What OpenShell's supervisor writes about a sandbox of ours, denials among it. It is in its container's log and in no journal. */
export function boxLog(sandbox: string, part: string): LogSource {
  return {
    script: (wanted) => script(sandbox, wanted),
    read: (line) => supervisorLine(line, part),
  };
}

function script(sandbox: string, { follow, lines, since, denials, counted }: LogWanted): string {
  const filter = denials ? `-e ${quote(deniedLine)}` : `-v -e ${quote(chatter)}`;
  const define = `container() { ${outgoingContainer(sandbox)}; }
show() { docker logs --timestamps "$@" 2>&1 | grep -E --line-buffered ${filter}; }
`;
  const bounds = [...(since === undefined ? [] : ['--since "$since"']), ...(follow ? ['--until "$from"'] : [])];
  return `${define}from=$(date +%s.%N)
timeout 15 docker ps --quiet >/dev/null || { echo "Docker does not answer" >&2; exit 1; }
${since === undefined ? "" : sinceSeconds(since)}id=$(container)
test -z "$id" || docker logs --tail 0 "$id" >/dev/null || exit
test -z "$id" || show ${[...bounds, '"$id"'].join(" ")} | tail -n ${lines}
${counted ? "echo backlog 0\n" : ""}${follow ? goOn(define) : ""}`;
}

function sinceSeconds(since: string): string {
  return `since=$(systemd-analyze timestamp -- ${quote(since)} | sed -n 's/^ *UNIX seconds: @//p')
test -n "$since" || exit
`;
}

// A log ends with its container, which may be made anew. Docker notices only when it writes again that nobody reads any more, so
// an empty line asks every few seconds.
function goOn(define: string): string {
  const loop = `${define}while :; do
  id=$(container)
  test -z "$id" || { show --follow --since "$from" "$id"; from=$(date +%s.%N); }
  sleep 2
done`;
  return `from=$from setsid sh -c ${quote(loop)} &
trap '' PIPE
while sleep 3 && echo 2>/dev/null; do :; done
kill -- "-$!"
`;
}
