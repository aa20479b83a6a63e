import { credentialFields, hemmedIn, isHidden, understood } from "./embedded.ts";
import type { MergedPolicy } from "./merge.ts";
import type { Endpoint } from "./policy.ts";

/**
 * The policy that a runtime really enforces, once what it cannot is accepted; the review then shows what holds. OpenShell takes
 * a policy as it is written. Under the embedded runtime endpoints it does not understand are gone, and so are paths that stay
 * hidden and what would only look like a rule.
 *
 * @example
 * const policy = asEnforced(mergePolicies(sources), "embedded");
 */
export function asEnforced(policy: MergedPolicy, runtime: "embedded" | "openshell"): MergedPolicy {
  if (runtime === "openshell") return policy;
  const { network_middlewares: _, filesystem_policy, ...rest } = policy;
  const readOnly = new Set(hemmedIn(policy));
  const { read_only, read_write } = filesystem_policy ?? {};
  const blocks = Object.entries(policy.network_policies)
    .map(([name, block]) => [name, { ...block, endpoints: block.endpoints.filter(understood).map(plain) }] as const)
    .filter(([, { endpoints }]) => endpoints.length > 0);
  return {
    ...rest,
    ...(filesystem_policy && {
      filesystem_policy: {
        ...filesystem_policy,
        ...(read_only && { read_only: read_only.filter((path) => !isHidden(path)) }),
        ...(read_write && { read_write: read_write.filter((path) => !isHidden(path) && !readOnly.has(path)) }),
      },
    }),
    network_policies: Object.fromEntries(blocks),
  };
}

function plain(endpoint: Endpoint): Endpoint {
  const gone = new Set<string>([...credentialFields, ...(endpoint.protocol === "tcp" ? ["protocol"] : [])]);
  return Object.fromEntries(Object.entries(endpoint).filter(([field]) => !gone.has(field)));
}

/** Whether a runtime, by its name, lets one program reach what another may not. The embedded one cannot tell them apart. */
export const tellsPrograms = (runtime: unknown): boolean => runtime !== "embedded";
