import { type Command, quote } from "../../command.ts";
import { ownerPattern, type Whose } from "./box-owner.ts";
import { gatewayHangs, openshell, patience, shown } from "./cli.ts";
import { everyContainer, runningContainers } from "./container.ts";
import { gatewayUnitName } from "./paths.ts";
import { alivePhases } from "./phase.ts";

/** Seconds after which Docker stops what OpenShell's own command refuses to stop, and what it takes and does not do. */
const refused = 30;
const undone = 60;
/** After which a sandbox that neither ends nor stays down is told as that. */
const givenUp = 150;

/**
 * Takes a sandbox down: by OpenShell where its gateway answers, which then knows that it is to stay so; else by Docker. OpenShell's own
 * command takes a sandbox in Ready alone, and one that a gateway brings back is in Provisioning until it is reached: that is
 * waited for, for a while, because what Docker stops OpenShell may give up. It ends well only where the sandbox is Stopped, or no
 * container of it runs and no gateway says that it would have one.
 *
 * @param silent the gateway was asked with patience and did not answer; it may be back by now
 */
export function takeDown({ sandbox, owner }: Whose, { silent = false } = {}): Command {
  const { port, answer } = silent ? { port: 4, answer: 15 } : patience;
  return {
    title: `stop the sandbox ${sandbox}`,
    script: `said=
is() { echo "$said" | grep -qE "\\"phase\\": *\\"($1)\\""; }
alive() { is ${quote(alivePhases.join("|"))}; }
ask() {
  said=
  ! ${gatewayHangs(port)} || return 0
  said=$(timeout ${answer} ${openshell("sandbox", "get", sandbox, "-o", "json")} 2>/dev/null) || { said=; return 0; }
  echo "$said" | grep -q ${quote(ownerPattern(owner))} || { echo "the sandbox ${sandbox} is not of this stack; it was not touched"; exit 1; }
}
runs() {
  left=$(${runningContainers(sandbox)}) || { echo "Docker does not answer: the agent in the sandbox ${sandbox} may still run"; exit 1; }
  test -n "$left"
}
byDocker() {
  runs || return 0
  ${everyContainer(sandbox)} | xargs -r timeout 60 docker stop --time 10 >/dev/null || :
  ! runs || { echo "Docker says that $left still runs"; exit 1; }
}
ask
begun=$(date +%s)
passed() { test "$(($(date +%s) - begun))" -ge "$1"; }
refusal=
while :; do
  # Then the gateway may be back, which is asked again.
  alive || { byDocker; ask; alive || exit 0; }
  ! is Stopped || exit 0
  if passed ${givenUp}; then
    echo "OpenShell does not leave the sandbox ${sandbox} down"
    test -z "$refusal" || echo "$refusal"
    echo "$said" | grep -oE '"(phase|reason|message)": .*' || :
    timeout 20 ${openshell("logs", sandbox, "-n", "20")} 2>&1 || :
    ! runs || echo "Docker says that $left runs"
    exit 1
  fi
  if is Stopping || refusal=$(timeout 60 ${openshell("sandbox", "stop", sandbox)} 2>&1); then
    ! passed ${undone} || byDocker
  else
    ! passed ${refused} || byDocker
  fi
  sleep 0.5
  ask
done`,
    shown: shown("sandbox", "stop", sandbox),
    timeoutSeconds: 500,
    try: `run it again; on the machine: docker ps --filter label=openshell.ai/sandbox-name=${sandbox}; docker stop CONTAINER; journalctl -u ${gatewayUnitName} -e`,
  };
}
