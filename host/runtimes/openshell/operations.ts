import { all } from "../../step.ts";
import { ensureStoppedUnits } from "../../steps/unit-power.ts";
import { unitName } from "../embedded/paths.ts";
import type { Operations } from "../operations.ts";
import { boxLog } from "./box-log.ts";
import { requireOurs } from "./box-owner.ts";
import { approvals } from "./drafts.ts";
import { execWords } from "./exec.ts";
import { gatewayUnitName } from "./paths.ts";
import { goUp } from "./power-up.ts";
import { report } from "./report.ts";
import { standstill } from "./standstill.ts";
import { ensureStopped } from "./stopped-box.ts";

/** What people do with a sandbox that OpenShell runs. The gateway is the machine's, and stays up. */
export const operations: Operations = {
  units: (sandbox) => ({ gateway: gatewayUnitName, agent: unitName("sandbox", sandbox) }),
  // What stands between the sandbox and the network, as the embedded runtime's gate does.
  logs: (sandbox) => ({ gate: boxLog(sandbox, "gate") }),
  ours: (sandbox, owner) => requireOurs({ sandbox, owner }),
  power: (sandbox, owner) => ({
    // The agent is the container's main process, and goes on without its attendant.
    down: all(`the sandbox ${sandbox}, stopped`, {
      attendant: ensureStoppedUnits([unitName("sandbox", sandbox)]),
      box: ensureStopped({ sandbox, owner }),
    }),
    up: goUp({ sandbox, owner }),
  }),
  attach: (sandbox, argv, terminal) => execWords(sandbox, argv, { terminal }),
  freeze: standstill,
  report,
  approvals,
};
