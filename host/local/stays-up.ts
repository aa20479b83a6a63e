import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../errors.ts";
import type { ContainerState } from "./container.ts";
import { docker } from "./docker.ts";

/** How long a system that cannot run takes to end, with room. sshd needs as long to answer, so nobody waits for this. */
const waitMilliseconds = 1000;

/**
 * A machine whose init system ends at once, which Docker starts again and again, and nothing would ever answer there.
 *
 * @throws HostError of kind `command` with what it said
 */
export async function mustStayUp({ containerId, name }: ContainerState, signal?: AbortSignal): Promise<void> {
  await sleep(waitMilliseconds, undefined, { signal });
  const format = "{{.RestartCount}} {{.State.Running}} {{.State.ExitCode}}";
  const ran = ["inspect", "--type", "container", "--format", format, containerId];
  const [restarts, running, code] = (await docker(ran, { what: `look at ${name}`, signal })).trim().split(" ");
  if (restarts === "0" && running === "true") return;
  const said = await docker(["logs", "--tail", "5", containerId], { what: `read what ${name} said`, signal });
  throw new HostError("command", {
    summary: `The local machine ${name} ended as soon as it was started`,
    ran: `docker start ${name}: systemd`,
    exitCode: Number(code) || undefined,
    said: said.trim() || "nothing",
    try: "where other containers with systemd run, the limit of inotify instances is the usual reason: sysctl fs.inotify.max_user_instances=1024",
  });
}
