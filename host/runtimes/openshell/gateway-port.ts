import { HostError } from "../../errors.ts";
import { type PortFacts, portQuestion } from "../../preflight/ports.ts";
import type { Step } from "../../step.ts";
import { gatewayPort, gatewayUnitName } from "./paths.ts";

/**
 * The gateway's port, free or its own. It changes nothing.
 *
 * @throws HostError of kind `not-converged` from its plan that names who listens
 */
export function requireGatewayPort(): Step<{ readonly listeners: PortFacts[] }> {
  return {
    name: `port ${gatewayPort} for OpenShell's gateway`,
    facts: { listeners: portQuestion([gatewayPort]) },
    plan({ listeners }) {
      const other = listeners.find(({ heldBy }) => heldBy !== "" && heldBy !== gatewayUnitName);
      if (other === undefined) return [];
      throw new HostError("not-converged", {
        summary: `${other.heldBy} listens on port ${other.port} of this machine, which OpenShell's gateway needs; nothing was changed`,
        try: "stop it; a gateway that OpenShell's package brought: systemctl --user disable --now openshell-gateway, as its user",
      });
    },
  };
}
