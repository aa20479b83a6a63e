import { isEverybody } from "./cidr.ts";
import { at, eachOf, type Guardrail, listAt } from "./guardrail.ts";

/** A sandbox reaches what is named, not everything. */
export const noWildcardEgress: Guardrail = {
  name: "no-wildcard-egress",
  rule: "No endpoint of a network policy matches every host, a whole top-level domain, or every address",
  reason: "whatever talks the agent into it could then send anything anywhere",
  wayOut: "none; name the hosts, or a wildcard below a domain of somebody's own: *.example.com",
  check: eachOf(["nemoclaw:host:NetworkPolicy"], function* ({ props }) {
    for (const [rule, body] of Object.entries((at(props, "networkPolicies") ?? {}) as Record<string, unknown>)) {
      for (const [index, endpoint] of listAt(body, "endpoints").entries()) {
        const path = `networkPolicies.${rule}.endpoints[${index}]`;
        const host = at(endpoint, "host");
        if (typeof host === "string" && matchesTooMuch(host))
          yield { path: `${path}.host`, message: `${host} is too wide` };
        for (const ip of listAt(endpoint, "allowed_ips")) {
          if (typeof ip === "string" && isEverybody(ip))
            yield { path: `${path}.allowed_ips`, message: `${ip} is too wide` };
        }
      }
    }
  }),
};

function matchesTooMuch(host: string): boolean {
  const labels = host.split(".");
  return host.includes("*") && labels.filter((label) => !label.includes("*")).length < 2;
}
