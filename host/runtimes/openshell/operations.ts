import { type Command, quote } from "../../command.ts";
import { startUnits, stopUnits } from "../../steps/unit-power.ts";
import { unitName } from "../embedded/paths.ts";
import type { Operations } from "../operations.ts";
import { start, stop } from "./box-commands.ts";
import { boxLog } from "./box-log.ts";
import { ownerPattern, requireOurs } from "./box-owner.ts";
import { openshell } from "./cli.ts";
import { approvals } from "./drafts.ts";
import { execWords } from "./exec.ts";
import { gatewayUnitName } from "./paths.ts";
import { report } from "./report.ts";
import { standstill } from "./standstill.ts";

/** What people do with a sandbox that OpenShell runs. The gateway is the machine's, and stays up. */
export const operations: Operations = {
  units: (sandbox) => ({ gateway: gatewayUnitName, agent: unitName("sandbox", sandbox) }),
  // What stands between the sandbox and the network, as the embedded runtime's gate does.
  logs: (sandbox) => ({ gate: boxLog(sandbox, "gate") }),
  ours: (sandbox, owner) => requireOurs({ sandbox, owner }),
  power(sandbox, owner) {
    const agent = unitName("sandbox", sandbox);
    const get = openshell("sandbox", "get", sandbox, "-o", "json");
    const unless = (phase: string, command: Command): Command => ({
      ...command,
      // The gateway may have been started only now, so that nobody could ask it before.
      script: `said=$(${get} 2>&1) || { echo "$said"; exit 1; }
echo "$said" | grep -q ${quote(ownerPattern(owner))} || { echo "the sandbox ${sandbox} is not of this stack; it was not touched"; exit 1; }
! echo "$said" | grep -q '"phase": *"${phase}"' || exit 0
${command.script}`,
      try: `on the machine: journalctl -u ${gatewayUnitName} -e`,
    });
    return {
      down: [stopUnits([agent]), unless("Stopped", stop(sandbox))],
      up: [
        startUnits([gatewayUnitName], "see what it says"),
        unless("Ready", start(sandbox)),
        startUnits([agent], "scripts/logs"),
      ],
    };
  },
  attach: (sandbox, argv, terminal) => execWords(sandbox, argv, { terminal }),
  freeze: standstill,
  report,
  approvals,
};
