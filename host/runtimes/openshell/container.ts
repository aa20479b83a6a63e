import { quote } from "../../command.ts";

/** All containers that OpenShell made for a sandbox, as a call of Docker that lists their ids. */
export function everyContainer(sandbox: string, all = true): string {
  return `docker ps${all ? " --all" : ""} --quiet --filter ${quote(`label=openshell.ai/sandbox-name=${sandbox}`)}`;
}

/**
 * A line of shell that lists the container of a sandbox's processes. From 0.1 on there is a second one beside it, which is the
 * supervisor's and alone is on the machine's own network.
 */
export function workloadContainer(sandbox: string, { running = false } = {}): string {
  return `for id in $(${everyContainer(sandbox, !running)}); do test "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$id")" = host || echo "$id"; done`;
}
