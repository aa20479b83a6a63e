import { canonical } from "./canonical.ts";
import { type Check, check } from "./check.ts";
import { hostMatches } from "./host-match.ts";
import { type Endpoint, type Policy, portsOf } from "./policy.ts";

/**
 * Endpoints that take the same connection and disagree about how to handle it; OpenShell refuses such a policy, because
 * either answer could be the wrong one. What they allow may differ: that is added up.
 */
export function checkOverlaps({ network_policies = {} }: Policy): Check[] {
  const all = Object.entries(network_policies).flatMap(([name, { endpoints }]) =>
    endpoints.map((endpoint, index) => ({ name, index, endpoint })),
  );
  return all.flatMap((left, position) =>
    all.slice(position + 1).flatMap((right) => {
      if (!meet(left.endpoint, right.endpoint)) return [];
      return disagreements(left.endpoint, right.endpoint).map((field) => {
        const other = `network_policies.${left.name}.endpoints[${left.index}]`;
        const path = ["network_policies", right.name, "endpoints", right.index, field];
        const host = right.endpoint.host ?? "these addresses";
        return check(path, `${field} differs from ${other}, which also takes ${host}`, `the same ${field} in both`);
      });
    }),
  );
}

function meet(a: Endpoint, b: Endpoint): boolean {
  if (!portsOf(a).some((port) => portsOf(b).includes(port))) return false;
  const [left, right] = [a.host ?? "**", b.host ?? "**"];
  if (a.host === undefined || b.host === undefined) return true;
  return left === right || hostMatches(left, right) || hostMatches(right, left);
}

const requestFields = [
  "protocol",
  "enforcement",
  "allow_encoded_slash",
  "websocket_credential_rewrite",
  "request_body_credential_rewrite",
  "credential_signing",
  "signing_service",
  "signing_region",
  "credential_binding",
] as const;

function disagreements(a: Endpoint, b: Endpoint): (keyof Endpoint)[] {
  const differ = (field: keyof Endpoint) => canonical(settled(a[field])) !== canonical(settled(b[field]));
  const found: (keyof Endpoint)[] = [];
  if ((a.protocol === "tcp") !== (b.protocol === "tcp")) found.push("protocol");
  found.push(...(["tls", "allowed_ips"] as const).filter(differ));
  const inspected = (endpoint: Endpoint) => endpoint.protocol !== undefined && endpoint.protocol !== "tcp";
  if (inspected(a) && inspected(b) && (a.path ?? "**") === (b.path ?? "**"))
    found.push(...requestFields.filter(differ));
  return found;
}

// Not set and switched off are the same; so is the order of addresses.
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].sort();
  return value === undefined ? false : value;
}
