import { quote } from "../../command.ts";
import { startUnits, stopUnits } from "../../steps/unit-power.ts";
import { unitName } from "../embedded/paths.ts";
import type { Operations } from "../operations.ts";
import { ownerPattern, requireOurs } from "./box-owner.ts";
import { openshell } from "./cli.ts";
import { workloadContainer } from "./container.ts";
import { approvals } from "./drafts.ts";
import { execWords } from "./exec.ts";
import { gatewayUnitName } from "./paths.ts";
import { startAndWait } from "./phase.ts";
import { report } from "./report.ts";

/** What people do with a sandbox that OpenShell runs. The gateway is the machine's, and stays up. */
export const operations: Operations = {
  units: (sandbox) => ({ gateway: gatewayUnitName, agent: unitName("sandbox", sandbox) }),
  ours: (sandbox, owner) => requireOurs({ sandbox, owner }),
  power(sandbox, owner) {
    const agent = unitName("sandbox", sandbox);
    const get = openshell("sandbox", "get", sandbox, "-o", "json");
    const phase = `${get} | grep -o '"phase": *"[A-Za-z]*"'`;
    const to = (verb: "stop" | "start", want: string) => ({
      title: `${verb} the sandbox ${sandbox}`,
      // The gateway may have been started only now, so that nobody could ask it before.
      script: `said=$(${get} 2>&1) || { echo "$said"; exit 1; }
echo "$said" | grep -q ${quote(ownerPattern(owner))} || { echo "the sandbox ${sandbox} is not of this stack; it was not touched"; exit 1; }
n=0
${phase} | grep -q ${want} || ${
        verb === "start"
          ? `{
${startAndWait(sandbox)}
}`
          : openshell("sandbox", verb, sandbox)
      }
until ${phase} | grep -q ${want}; do
  n=$((n + 1)); test "$n" -lt 120 || { ${phase}; exit 1; }
  sleep 0.5
done`,
      shown: `openshell sandbox ${verb} ${sandbox}`,
      timeoutSeconds: 120,
      try: `on the machine: journalctl -u ${gatewayUnitName} -e`,
    });
    return {
      down: [stopUnits([agent]), to("stop", "Stopped")],
      up: [
        startUnits([gatewayUnitName], "see what it says"),
        to("start", "Ready"),
        startUnits([agent], "scripts/logs"),
      ],
    };
  },
  attach: (sandbox, argv, terminal) => execWords(sandbox, argv, { terminal }),
  freeze: (sandbox) => ({
    hold: `for id in $(${workloadContainer(sandbox, { running: true })}); do docker pause "$id" >/dev/null; done`,
    release: `for id in $(${workloadContainer(sandbox, { running: true })}); do docker unpause "$id" >/dev/null 2>&1 || :; done`,
  }),
  report,
  approvals,
};
