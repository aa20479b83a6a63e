import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import type * as pulumi from "@pulumi/pulumi";
import { tellAnswers } from "./cloud-questions.ts";
import { archNames, wrongArch } from "./image-arch.ts";
import type { Arch } from "./machine-types.ts";

interface Asked {
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly image: { readonly id: string; readonly arch: Arch };
}

/** Asks AWS what only AWS knows: whether the image is there and built for what the stack says, and whether the zone offers the machine type. */
export function askAws(asked: Asked, { parent, provider }: pulumi.InvokeOptions): void {
  const { zone, instanceType, image } = asked;
  const options = { parent, provider };
  const questions = [
    { about: `the image ${image.id}`, answer: aboutImage(asked, options) },
    { about: `whether ${zone} offers ${instanceType}`, answer: aboutType(asked, options) },
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
