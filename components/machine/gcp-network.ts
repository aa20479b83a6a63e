import { Firewall } from "@pulumi/gcp/compute/firewall.js";
import { Network } from "@pulumi/gcp/compute/network.js";
import { Router } from "@pulumi/gcp/compute/router.js";
import { RouterNat } from "@pulumi/gcp/compute/routerNat.js";
import { Subnetwork } from "@pulumi/gcp/compute/subnetwork.js";
import type * as pulumi from "@pulumi/pulumi";
import { acceptedRisk } from "../../policies/guardrails/guardrail.ts";

/** How SSH is reached on Google Cloud. */
export type GcpAccess =
  | { readonly kind: "iap" }
  | { readonly kind: "public"; readonly cidrs: readonly string[]; readonly fromAnywhere?: string };

/** The addresses that Identity-Aware Proxy comes from; Google's, and fixed. */
const iapRange = "35.235.240.0/20";

const sshPort = [{ protocol: "tcp", ports: ["22"] }];

/**
 * The smaller number wins. Other people's rules have 1000 as a rule, and the default network's, which let everybody reach SSH,
 * have 65534; somebody who writes less than 900 means to decide over ours as well.
 */
const priority = { letIn: 900, keepOut: 901 };

interface Site {
  readonly region: string;
  readonly given?: { readonly network: string; readonly subnetwork: string };
  readonly access: GcpAccess;
  /** The machine's service account: the firewall rules are about machines that run as it, and no others. */
  readonly runsAs: pulumi.Input<string>;
}

export interface GcpNetwork {
  readonly subnetwork: pulumi.Input<string>;
  /** What must be there before the machine can be reached. */
  readonly doors: readonly pulumi.Resource[];
}

/** The network of a machine: a given one or a small one of its own, and firewall rules for whom `access` names, and nobody else. */
export function gcpNetwork(
  name: string,
  { region, given, access, runsAs }: Site,
  child: pulumi.CustomResourceOptions,
): GcpNetwork {
  const own = given ? undefined : ownNetwork(name, region, access, child);
  const network = given?.network ?? (own?.network as pulumi.Output<string>);
  const machine = { network, targetServiceAccounts: [runsAs] };
  const ssh = { ...machine, allows: sshPort, ...(given ? { priority: priority.letIn } : {}) };
  const rule =
    access.kind === "iap"
      ? new Firewall(
          `${name}-iap`,
          { ...ssh, sourceRanges: [iapRange], description: "SSH through Identity-Aware Proxy" },
          child,
        )
      : new Firewall(
          `${name}-ssh`,
          {
            ...ssh,
            sourceRanges: [...access.cidrs],
            description: access.fromAnywhere ? `${acceptedRisk}${access.fromAnywhere}` : "SSH, as machine.access lists",
          },
          child,
        );
  return {
    subnetwork: given?.subnetwork ?? (own?.subnetwork as pulumi.Output<string>),
    doors: [rule, ...(given ? [keepOut(name, machine, child)] : []), ...(own?.doors ?? [])],
  };
}

/** The rules of a network add up: in one that others have rules in, a list of addresses that are let in is no end of it. */
function keepOut(
  name: string,
  machine: { readonly network: pulumi.Input<string>; readonly targetServiceAccounts: pulumi.Input<string>[] },
  child: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new Firewall(
    `${name}-no-other-ssh`,
    {
      ...machine,
      denies: sshPort,
      // Of IPv4; the machine has no address of the other kind.
      sourceRanges: ["0.0.0.0/0"],
      priority: priority.keepOut,
      description: "SSH from elsewhere, whatever other rules of this network let in",
    },
    child,
  );
}

function ownNetwork(name: string, region: string, access: GcpAccess, child: pulumi.CustomResourceOptions) {
  const network = new Network(`${name}-network`, { autoCreateSubnetworks: false }, child);
  const subnetwork = new Subnetwork(
    `${name}-subnetwork`,
    { network: network.id, region, ipCidrRange: "10.71.0.0/26", privateIpGoogleAccess: true },
    child,
  );
  const made = { network: network.id, subnetwork: subnetwork.id };
  // With an address of its own a machine reaches the internet by itself.
  if (access.kind === "public") return { ...made, doors: [] };
  const router = new Router(`${name}-router`, { network: network.id, region }, child);
  const nat = new RouterNat(
    `${name}-nat`,
    {
      router: router.name,
      region,
      natIpAllocateOption: "AUTO_ONLY",
      sourceSubnetworkIpRangesToNat: "LIST_OF_SUBNETWORKS",
      subnetworks: [{ name: subnetwork.id, sourceIpRangesToNats: ["ALL_IP_RANGES"] }],
    },
    child,
  );
  return { ...made, doors: [nat] };
}
