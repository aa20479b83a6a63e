import { quote } from "../../command.ts";
import { paths as shared } from "../embedded/paths.ts";

/**
 * Containers of our sandbox of a name, as a call of Docker that lists their ids. The name alone says nothing: another gateway
 * may have a sandbox of it, and so may ours after somebody made one anew. What mounts the workspace is ours.
 */
function ownContainers(sandbox: string, all = true): string {
  const filters = [`label=openshell.ai/sandbox-name=${sandbox}`, `volume=${shared.data(sandbox, "workspace")}`];
  return `docker ps${all ? " --all" : ""} --quiet ${filters.map((filter) => `--filter ${quote(filter)}`).join(" ")}`;
}

/** Shell that lists those of them that run, and fails where Docker does not answer: none is then not known to run. */
export function runningContainers(sandbox: string): string {
  return `timeout 15 ${ownContainers(sandbox, false)}`;
}

/** A line of shell that lists all containers that OpenShell made for our sandbox, those that mount nothing of ours included. */
export function everyContainer(sandbox: string): string {
  const label = "openshell.ai/sandbox-id";
  return `${ownContainers(sandbox)} | xargs -r docker inspect --format '{{index .Config.Labels "${label}"}}' | sort -u | while read -r box; do test -z "$box" || docker ps --all --quiet --filter "label=${label}=$box"; done`;
}

/**
 * A line of shell that lists the container of our sandbox's processes. From 0.1 on there is a second one beside it, which is
 * the supervisor's and alone is on the machine's own network.
 */
export function workloadContainer(sandbox: string, { running = false } = {}): string {
  return `for id in $(${ownContainers(sandbox, !running)}); do test "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$id")" = host || echo "$id"; done`;
}

/**
 * The same of the container by which a sandbox's requests leave the machine: the supervisor's where there is one, else the one
 * that there is. It is listed whether it runs or not.
 */
export function outgoingContainer(sandbox: string): string {
  return `for id in $(${everyContainer(sandbox)}); do echo "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$id" | grep -c '^host$') $id"; done | sort -r | sed -n '1s/^. //p'`;
}
