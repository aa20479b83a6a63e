import { nameOf, type PreviewState, parentTypeIn, typeIn } from "./preview-step.ts";

interface Made {
  readonly urn: string;
  readonly before?: PreviewState | null;
  readonly after?: PreviewState | null;
}

/**
 * Whether one of this project's cloud machines made a resource, so that its settings tell of it. A program may put resources of its
 * own under the same machine; only one can have the name that the machine gives the one that it makes.
 */
export function madeByMachine({ urn, before, after }: Made): boolean {
  const parent = after?.parent ?? before?.parent ?? "";
  if (!/^nemoclaw:index:(Aws|Gcp)Machine$/.test(typeIn(parent))) return false;
  return (names[typeIn(urn)] ?? []).some((name) => nameOf(urn) === `${nameOf(parent)}-${name}`);
}

/** What stands behind the machine's own name, of the types whose settings are asked for. */
const names: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/eip:Eip": ["address"],
  "aws:ec2/instance:Instance": ["instance"],
  "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": ["endpoint"],
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ["out", "endpoint-out"],
  "gcp:compute/instance:Instance": ["instance"],
};

/** Whether it is a command of the site's that this project's component makes, whose way to the machine is told as the machine's. */
export function madeBySiteCommands(urn: string): boolean {
  return parentTypeIn(urn) === "nemoclaw:index:SiteCommands";
}
