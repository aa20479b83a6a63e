import { openshell } from "./cli.ts";

/** Phases of a sandbox that is, or can be brought to be, at work. OpenShell starts nothing again that is in Error. */
export const alivePhases: readonly string[] = ["Ready", "Provisioning", "Starting", "Stopped", "Stopping"];

/** Whether a sandbox is in one of them; any other is made anew. */
export const isAlive = (phase: string): boolean => alivePhases.includes(phase);

/** Lines of shell that wait for a sandbox's phase, and end in its last words when it fails first. */
export function waitForPhase(sandbox: string, phase: string): string {
  return `n=0
until said=$(${openshell("sandbox", "get", sandbox, "-o", "json")} 2>&1) && echo "$said" | grep -q '"phase": *"${phase}"'; do
  n=$((n + 1))
  if test "$n" -ge 240 || echo "$said" | grep -qE '"phase": *"(Error|Completed)"'; then
    echo "$said" | grep -oE '"(phase|reason|message)": .*' || echo "$said"
    ${openshell("logs", sandbox, "-n", "20")} 2>&1 || :
    exit 1
  fi
  sleep 0.5
done`;
}

/**
 * Lines of shell that start a stopped sandbox and wait until it is ready. OpenShell may hear only then that the container which
 * was stopped has ended, and takes it for the one that it has just started: then it is started once more.
 */
export function startAndWait(sandbox: string): string {
  const start = openshell("sandbox", "start", sandbox);
  return `${start} >/dev/null 2>&1 || { sleep 2; ${start}; }
${waitForPhase(sandbox, "Ready")}`;
}
