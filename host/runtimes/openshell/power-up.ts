import { type Command, quote } from "../../command.ts";
import type { Move } from "../../step.ts";
import { startUnits } from "../../steps/unit-power.ts";
import { unitName } from "../embedded/paths.ts";
import { start } from "./box-commands.ts";
import { ownerPattern, type Whose } from "./box-owner.ts";
import { gatewayHangs, longSilence, openshell, patience, shown } from "./cli.ts";
import { ourGatewaysContainers } from "./containers-of-gateway.ts";
import { gatewayUnitName, paths } from "./paths.ts";
import { alivePhases, waitForPhase } from "./phase.ts";

export interface UpFacts {
  /** The gateway's process takes no notice of anything but a restart. */
  readonly hangs: boolean;
  /** Sandboxes that it has, by Docker's word. */
  readonly boxes: readonly string[];
}

/** Takes a sandbox up with the machine's gateway, which is restarted only after a long silence: that stops every sandbox of it. */
export function goUp({ sandbox, owner }: Whose): Move<UpFacts> {
  return {
    facts: {
      hangs: { script: gatewayHangs(longSilence), parse: ({ exitCode }) => exitCode === 0 },
      boxes: {
        script: `timeout 20 sh -c ${quote(ourGatewaysContainers.script)}`,
        parse: (answer) => [...new Set(ourGatewaysContainers.parse(answer).map(({ name }) => name))].sort(),
      },
    },
    plan: ({ hangs }) => [
      startUnits([gatewayUnitName], "see what it says"),
      ...(hangs ? [restart] : []),
      waitForGateway(sandbox),
      takeUp({ sandbox, owner }),
      startUnits([unitName("sandbox", sandbox)], "scripts/logs"),
    ],
    remarks({ hangs, boxes }) {
      if (!hangs) return [];
      const touched = boxes.length > 0 ? `these sandboxes with it: ${boxes.join(", ")}` : "every sandbox of it";
      return [
        `OpenShell's gateway has said nothing for ${longSilence} s; the machine's is restarted, and ${touched}, whosever they are`,
      ];
    },
  };
}

const restart: Command = {
  title: "restart OpenShell's gateway, which does not answer",
  // It may be back since it was looked at, and a restart takes the sandboxes of others along.
  script: `! ${gatewayHangs(patience.port)} || systemctl restart -- ${gatewayUnitName}`,
  try: `on the machine: journalctl -u ${gatewayUnitName} -e`,
};

const get = (sandbox: string) => `timeout ${patience.answer} ${openshell("sandbox", "get", sandbox, "-o", "json")}`;

/** Seconds for a gateway to answer, with what its last answer takes and its journal within the command's time. */
const answersWithin = 180;

/** It may have been started only now. */
const waitForGateway = (sandbox: string): Command => ({
  title: "wait until OpenShell's gateway answers",
  script: `begun=$(date +%s)
until said=$(${get(sandbox)} 2>&1) || echo "$said" | grep -q 'sandbox not found'; do
  if test "$(($(date +%s) - begun))" -ge ${answersWithin}; then
    echo "\${said:-openshell did not end within ${patience.answer} s}"
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
function takeUp({ sandbox, owner }: Whose): Command {
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
