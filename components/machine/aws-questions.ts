import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import type * as pulumi from "@pulumi/pulumi";
import { tellAnswers } from "./cloud-questions.ts";
import { archNames, wrongArch } from "./image-arch.ts";
import type { Arch } from "./machine-types.ts";

interface Asked {
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly image: { readonly id: string; readonly arch: Arch };
  readonly network?: { readonly vpc: string; readonly subnet: string };
}

/**
 * Asks AWS what only AWS knows: whether the image is there and built for what the stack says, whether the zone offers the machine type,
 * and whether a given subnet is in that zone.
 */
export function askAws(asked: Asked, { parent, provider }: pulumi.InvokeOptions): void {
  const { zone, instanceType, image, network } = asked;
  const options = { parent, provider };
  const questions = [
    { about: `the image ${image.id}`, answer: aboutImage(asked, options) },
    { about: `whether ${zone} offers ${instanceType}`, answer: aboutType(asked, options) },
    ...(network ? [{ about: `the subnet ${network.subnet}`, answer: aboutSubnet(zone, network, options) }] : []),
  ];
  tellAnswers("AWS", questions, parent);
}

async function aboutImage({ image, region }: Asked, options: pulumi.InvokeOptions) {
  const filters = [{ name: "image-id", values: [image.id] }];
  try {
    const { architecture } = await getAmi({ filters, includeDeprecated: true }, options);
    const arch = archNames[architecture];
    return arch === undefined || arch === image.arch ? undefined : wrongArch(image.id, arch, image.arch);
  } catch (error) {
    if (!/returned no results/i.test(String(error))) throw error;
    const instead = "the image's id in this region, where the same image has another id than elsewhere";
    return { path: "machine.image.id", message: `${region} has no image ${image.id} for this account`, instead };
  }
}

async function aboutType({ zone, instanceType }: Asked, options: pulumi.InvokeOptions) {
  const filters = [
    { name: "location", values: [zone] },
    { name: "instance-type", values: [instanceType] },
  ];
  const { instanceTypes } = await getInstanceTypeOfferings({ locationType: "availability-zone", filters }, options);
  // Before its provider is known, the engine answers nothing.
  if (instanceTypes?.includes(instanceType) ?? true) return undefined;
  const command = `aws ec2 describe-instance-type-offerings --location-type availability-zone --filters Name=instance-type,Values=${instanceType}`;
  const message = `${zone} does not offer ${instanceType}`;
  return { path: "machine.zone", message, instead: `a zone that this lists: ${command}` };
}

async function aboutSubnet(
  zone: string,
  { vpc, subnet }: NonNullable<Asked["network"]>,
  options: pulumi.InvokeOptions,
) {
  const path = "machine.network.subnet";
  const instead = `one that this lists: aws ec2 describe-subnets --filters Name=vpc-id,Values=${vpc} Name=availability-zone,Values=${zone}`;
  try {
    const { availabilityZone, vpcId } = await getSubnet({ id: subnet }, options);
    if (vpcId && vpcId !== vpc)
      return { path, message: `${subnet} is in ${vpcId}, and the stack says ${vpc}`, instead };
    if (!availabilityZone || availabilityZone === zone) return undefined;
    const message = `${subnet} is in ${availabilityZone}, and machine.zone is ${zone}: a data disk cannot be attached across zones`;
    return { path, message, instead };
  } catch (error) {
    if (!/InvalidSubnetID\.NotFound|no matching|returned no results/i.test(String(error))) throw error;
    return { path, message: `there is no subnet ${subnet} for this account in this region`, instead };
  }
}
