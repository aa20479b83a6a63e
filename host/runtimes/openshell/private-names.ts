import { isIP } from "node:net";
import { isNamedWhole } from "../../../policies/named-whole.ts";
import { type Origins, placed } from "../../../policies/origins.ts";
import { propertyPath } from "../../../policies/property-path.ts";
import { onlyOpenshellReaches } from "../../../policies/reachable-address.ts";
import { quote } from "../../command.ts";
import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";
import type { NetworkSpec } from "../runtime.ts";

/** A host that a policy gives by its whole name, and an address that the machine's name service has for it. */
interface NamedAddress {
  readonly host: string;
  readonly address: string;
}

/** Where a policy names a host without a word about its addresses. */
interface Place {
  readonly host: string;
  readonly path: string;
}

const accept = "private-addresses";

/**
 * No host of a policy leads to a private address that the policy does not list: OpenShell would reach it there, and only a
 * name service knows. It changes nothing. A name that has no address is nothing to refuse.
 *
 * @throws HostError of kind `not-converged` from its plan, unless `private-addresses` is accepted
 */
export function refusePrivateNames(
  spec: Pick<NetworkSpec, "networkPolicies" | "origins" | "accept">,
): Step<readonly NamedAddress[]> {
  const places = spec.accept?.includes(accept) ? [] : named(spec.networkPolicies);
  return {
    name: "no host of the policy at a private address",
    facts: { script: asked(places.map(({ host }) => host)), parse: ({ stdout }) => parseAddresses(stdout) },
    plan(now) {
      const inside = places.flatMap((place) => {
        const found = now.find(({ host, address }) => host === place.host && onlyOpenshellReaches(address));
        return found ? [said(place, found.address, spec.origins)] : [];
      });
      if (inside.length === 0) return [];
      throw new HostError("not-converged", {
        summary:
          "the network policy names hosts that lead to private addresses, which OpenShell would reach; nothing was loaded",
        said: inside.join("\n"),
        try: `list the addresses that are meant in allowed_ips, or take it knowingly: runtime.accept: [${accept}]`,
      });
    },
  };
}

function named(policies: NetworkSpec["networkPolicies"]): Place[] {
  return Object.entries(policies).flatMap(([block, { endpoints }]) =>
    endpoints.flatMap(({ host, allowed_ips = [] }, index) => {
      if (host === undefined || !isNamedWhole(host) || allowed_ips.length > 0) return [];
      return [{ host, path: propertyPath(["network_policies", block, "endpoints", index]) }];
    }),
  );
}

// All at once and not for long: a machine without a name service must not hold up a look.
function asked(hosts: readonly string[]): string {
  const each = [...new Set(hosts)].map(
    (host) => `( timeout 5 getent ahosts ${quote(host)} | sed ${quote(`s/^/${host} /`)} ) &`,
  );
  return [...each, "wait"].join("\n");
}

function parseAddresses(stdout: string): NamedAddress[] {
  return stdout.split("\n").flatMap((line) => {
    const [host = "", address = ""] = line.split(/\s+/);
    return isIP(address) === 0 ? [] : [{ host, address }];
  });
}

function said({ host, path }: Place, address: string, origins: Origins = {}): string {
  return `${placed(path, origins)}: ${host} is at ${address}`;
}
