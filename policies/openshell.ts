import { credentialFields } from "./embedded.ts";
import type { Finding } from "./finding.ts";
import { surprises } from "./openshell-surprises.ts";
import type { Policy } from "./policy.ts";
import { propertyPath } from "./property-path.ts";

/**
 * What this package's OpenShell runtime does not do as a policy has it: things that need something besides the policy, which
 * we do not set up, and what OpenShell itself takes for more or less than is written.
 */
export function unenforceable(policy: Policy): Finding[] {
  return [...identity(policy), ...credentials(policy), ...middlewares(policy), ...surprises(policy)];
}

function* identity({ process = {} }: Policy): Generator<Finding> {
  for (const field of ["run_as_user", "run_as_group"] as const) {
    const value = process[field];
    if (value === undefined || value === "sandbox") continue;
    const message = `the workspace belongs to the sandbox's own user, and ${value} may not be able to write it`;
    yield { accept: "process", path: propertyPath(["process", field]), message };
  }
}

function* credentials({ network_policies = {} }: Policy): Generator<Finding> {
  for (const [name, { endpoints }] of Object.entries(network_policies)) {
    for (const [index, endpoint] of endpoints.entries()) {
      for (const field of credentialFields) {
        if (endpoint[field] === undefined || endpoint[field] === false) continue;
        const path = propertyPath(["network_policies", name, "endpoints", index, field]);
        const message = "only the inference provider is set up: requests go out as the agent wrote them";
        yield { accept: "credentials", path, message };
      }
    }
  }
}

function* middlewares({ network_middlewares = {} }: Policy): Generator<Finding> {
  for (const name of Object.keys(network_middlewares)) {
    const message = "no middleware is registered with the gateway, so it is not run";
    yield { accept: "middlewares", path: propertyPath(["network_middlewares", name]), message };
  }
}
