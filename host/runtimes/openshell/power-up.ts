import { type Command, quote } from "../../command.ts";
import { start } from "./box-commands.ts";
import { ownerPattern, type Whose } from "./box-owner.ts";
import { gatewayHangs, openshell, shown } from "./cli.ts";
import { gatewayUnitName, paths } from "./paths.ts";
import { alivePhases, waitForPhase } from "./phase.ts";

const get = (sandbox: string) => openshell("sandbox", "get", sandbox, "-o", "json");

/** The gateway may have been started only now, or hang; one that hangs takes no notice of anything but a restart. */
export const waitForGateway = (sandbox: string): Command => ({
  title: "wait until OpenShell's gateway answers",
  script: `! ${gatewayHangs(4)} || systemctl restart -- ${gatewayUnitName}
n=0
until said=$(timeout 15 ${get(sandbox)} 2>&1) || echo "$said" | grep -q 'sandbox not found'; do
  n=$((n + 1))
  if test "$n" -ge 40; then
    echo "$said"
    journalctl --no-pager -o cat -n 15 -u ${gatewayUnitName}
    exit 1
  fi
  sleep 0.5
done`,
  shown: shown("sandbox", "get", sandbox),
  timeoutSeconds: 300,
  try: `on the machine: journalctl -u ${gatewayUnitName} -e`,
});

/**
 * Takes a sandbox up. What Docker stopped while the gateway did not answer OpenShell may have given up, and it starts nothing again
 * that it has: then it is made anew by the script beside it, on the same workspace and state.
 */
export function takeUp({ sandbox, owner }: Whose): Command {
  const { script } = start(sandbox);
  return {
    title: `start the sandbox ${sandbox}`,
    script: `said=$(${get(sandbox)} 2>&1) || { echo "$said"; exit 1; }
echo "$said" | grep -q ${quote(ownerPattern(owner))} || { echo "the sandbox ${sandbox} is not of this stack; it was not touched"; exit 1; }
is() { echo "$said" | grep -qE "\\"phase\\": *\\"($1)\\""; }
! is Ready || exit 0
is ${quote(alivePhases.join("|"))} || exec sh ${quote(paths.maker(sandbox))}
# Its gateway starts it by itself, and takes no order about it until then.
! is Provisioning || { ${waitForPhase(sandbox, "Ready")}
exit 0; }
${script}`,
    shown: shown("sandbox", "start", sandbox),
    timeoutSeconds: 400,
    try: "scripts/pulumi up --refresh makes a sandbox anew that does not start, with its workspace",
  };
}
