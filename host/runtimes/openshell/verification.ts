import { isOwnNetwork } from "../../../policies/own-network.ts";
import type { Judgement, RouteSpec } from "../runtime.ts";
import { fromSandbox } from "./inference-commands.ts";

/** Names that OpenShell makes up for the machine, inside sandboxes alone. */
const insideOnly = ["host.openshell.internal", "host.docker.internal"];

/**
 * Whether the gateway asks the service for an answer before it leads a sandbox there, where the stack does not say: it does
 * for a public name. One in a network of one's own may be known to the machine or not, and the gateway is on the machine.
 */
export function isVerified({ baseUrl, verify }: Pick<RouteSpec, "baseUrl" | "verify">): boolean {
  return verify ?? !isOwnNetwork(new URL(fromSandbox(baseUrl)).hostname);
}

/** Refuses what the gateway cannot do: a name that exists only inside the sandboxes leads it nowhere. */
export function judgeVerification({ baseUrl, verify }: Pick<RouteSpec, "baseUrl" | "verify">): Judgement {
  const { hostname } = new URL(fromSandbox(baseUrl));
  if (verify !== true || !insideOnly.includes(hostname)) return {};
  const message =
    `inference.verify: true cannot be done for ${baseUrl}: sandboxes know the machine as ${hostname}, and OpenShell's gateway, ` +
    "which would have to ask, does not know that name; leave inference.verify out, or give an address that the machine knows by itself";
  return { fault: { property: "verify", message } };
}
