import type { Command } from "../../command.ts";
import { workloadContainer } from "./container.ts";
import { gatewayPort, inside as places } from "./paths.ts";

/** A host that no policy can name and no resolver knows, so that only a proxy can have an answer for it. */
const unlisted = "unlisted.nemoclaw.invalid";

/** Seconds until a connection was made, `0.000000` when none was; without a proxy. */
const connecting = (address: string) =>
  `curl --silent --noproxy '*' --connect-timeout 4 --max-time 6 --output /dev/null --write-out '%{time_connect}' "http://${address}/"`;

/**
 * What is tried inside, as shell that says what it found, a line each, and `tried` at its end. `$1` is the name of a file to
 * make, `$2` an address that listens on the machine, or nothing; then paths that must take a write, `--`, and those that must
 * not. A file is opened to be appended to, and stays as it is. A path that is not there says nothing.
 */
export const attempts = `mark=$1; direct=$2; shift 2
there() { test -d "$1" || test -f "$1" || test -c "$1"; }
takes() {
  if test -d "$1"; then ( echo probe >"$1/$mark" ) 2>/dev/null; else ( : >>"$1" ) 2>/dev/null; fi
}
while test "$1" != --; do
  if there "$1"; then
    if ! takes "$1"; then echo "refused $1"
    elif test -d "$1" && test "$1" != ${places.workspace}; then rm -f "$1/$mark"; fi
  fi
  shift
done
shift
for path in "$@"; do
  case "$path" in /proc|/proc/*|/sys|/sys/*) continue ;; esac
  there "$path" && takes "$path" || continue
  echo "wrote $path"
  test ! -d "$path" || rm -f "$path/$mark"
done
# Again when nothing came: a proxy on a busy machine may take its time.
said() {
  for pause in 1 3 0; do
    code=$(curl --silent --max-time 30 --output /dev/null --write-out "$1" "$2" 2>/dev/null) || :
    test "$code" = 000 || break
    sleep "$pause"
  done
  printf %s "$code"
}
plain=$(said '%{http_code}' http://${unlisted}/)
tunnel=$(said '%{http_connect}' https://${unlisted}/)
test "$plain $tunnel" = "403 403" || echo "network http \${plain:-nothing}, https \${tunnel:-nothing}"
if test -n "$direct"; then
  connected=$(${connecting("$direct")} 2>/dev/null) || :
  case "$connected" in 0.000000) ;; "") echo "direct untried" ;; *) echo "direct open" ;; esac
fi
echo tried`;

/**
 * Says an address and port of the machine that answers where a sandbox would reach it: the gateway's, which sandboxes call
 * back, or another service that listens on all of the machine's addresses.
 */
export function listeningPlace(sandbox: string): Command {
  return {
    title: `find what the sandbox ${sandbox} would reach without its proxy`,
    script: `ports="${gatewayPort} $(ss -Hltn | awk '{ print $4 }' | sed -nE 's/^(0\\.0\\.0\\.0|\\*|\\[::\\]):([0-9]+)$/\\2/p' | sort -un | tr '\\n' ' ')"
for id in $(${workloadContainer(sandbox, { running: true })}); do
  for address in $(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .Gateway}}{{end}}' "$id") $(docker network inspect --format '{{range .IPAM.Config}}{{println .Gateway}}{{end}}' bridge); do
    for port in $ports; do
      connected=$(${connecting("$address:$port")}) || :
      case "$connected" in ""|0.000000) ;; *) echo "$address:$port"; exit 0 ;; esac
    done
  done
done
exit 1`,
    timeoutSeconds: 60,
  };
}
