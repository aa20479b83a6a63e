import { outgoingContainer, workloadContainer } from "./container.ts";

/**
 * Lines of shell for `askService`, by which a service is asked as the sandbox's requests leave the machine: in the network of
 * the container that sends them, and at the address that its host has there. What only the machine knows, or what listens on
 * the machine's own loopback alone, is thus found out. Of a sandbox that is stopped only the names that OpenShell gave it count.
 */
export function asSandboxAsks(sandbox: string): string {
  return `id=$(${outgoingContainer(sandbox)})
if test -n "$id"; then
  address=$(docker inspect --format '{{range .HostConfig.ExtraHosts}}{{println .}}{{end}}' "$id" |
    awk -v host="$host:" 'index($0, host) == 1 { print substr($0, length(host) + 1); exit }' | grep -E '^[0-9a-fA-F.:]+$' || :)
  pid=$(docker inspect --format '{{.State.Pid}}' "$id")
  if test "$pid" != 0; then
    enter="nsenter --net --target $pid --"
    if test -z "$address" && test "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$id")" != host; then
      code=0
      found=$(docker exec "$id" getent ahosts "$host") || code=$?
      if test "$code" = 2; then
        echo "the sandbox ${sandbox} does not know the name $host: sandboxes ask the machine's name server, and do not read its /etc/hosts"
        exit 1
      fi
      address=$(printf '%s\\n' "$found" | awk 'NR == 1 { print $1 }')
    fi
  fi
fi
if test -z "$address"; then
  case "$host" in host.openshell.internal|host.docker.internal)
    for id in $(${workloadContainer(sandbox)}); do
      address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{println .Gateway}}{{end}}' "$id" | awk 'NF { print; exit }')
    done ;;
  esac
fi
cannot_connect() {
  case "$host" in host.openshell.internal|host.docker.internal) ;; *) return 0 ;; esac
  listens=$(ss -Hltn "sport = :$port" | awk '{ print $4 }' | tr '\\n' ' ')
  echo "sandboxes know this machine as $address, not as localhost; on port $port it listens on \${listens:-nothing}"
}
case "$address" in *:*) address="[$address]" ;; esac`;
}
