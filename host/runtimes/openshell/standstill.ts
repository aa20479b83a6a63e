import { users } from "../embedded/paths.ts";
import { workloadContainer } from "./container.ts";

/**
 * Shell that holds all processes of the agent's user in a sandbox still, and lets them go on. Not `docker pause`: OpenShell takes
 * a paused container for one that has failed, and starts nothing again that has (0.0.112, `container_ready_condition`). Its
 * supervisor goes on, so that the sandbox stays ready.
 */
export function standstill(sandbox: string): { readonly hold: string; readonly release: string } {
  const signal = (name: "STOP" | "CONT") => `processes=$(docker top "$id" -eo pid,uid)
  echo "$processes" | sed -nE "s/^ *([0-9]+) +$owner *$/\\1/p" | xargs -r kill -s ${name} -- 2>/dev/null || :`;
  const inEach = (script: string) => `owner=$(id -u ${users.sandbox})
for id in $(${workloadContainer(sandbox, { running: true })}); do
  ${script}
done`;
  return {
    // Again, since what forks between two signals gets neither.
    hold: inEach(`for again in 1 2 3; do ${signal("STOP")}; done`),
    release: inEach(signal("CONT")),
  };
}
