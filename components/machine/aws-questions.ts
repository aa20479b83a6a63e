import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import * as pulumi from "@pulumi/pulumi";
import type { Arch } from "./machine-types.ts";

interface Asked {
  readonly zone: string;
  readonly instanceType: string;
  readonly image: { readonly id: string; readonly arch: Arch };
}

const archNames: Readonly<Record<string, Arch>> = { x86_64: "amd64", arm64: "arm64" };

/**
 * Asks AWS what only AWS knows: whether the image is there and built for what the stack says, and whether the zone offers the
 * machine type. What is wrong fails the preview, all of it together; what cannot be asked is noted.
 */
export function askAws({ zone, instanceType, image }: Asked, opts: pulumi.InvokeOptions): void {
  const options = { parent: opts.parent, provider: opts.provider };
  const images = getAmi({ filters: [{ name: "image-id", values: [image.id] }], includeDeprecated: true }, options);
  const offers = getInstanceTypeOfferings(
    {
      locationType: "availability-zone",
      filters: [
        { name: "location", values: [zone] },
        { name: "instance-type", values: [instanceType] },
      ],
    },
    options,
  );
  void Promise.allSettled([images, offers]).then(([found, offered]) => {
    if (found.status === "rejected") note(`the image ${image.id}`, found.reason);
    else {
      const arch = archNames[found.value.architecture];
      if (arch !== undefined && arch !== image.arch) {
        fail("machine.image.arch", `${image.id} is built for ${arch}, and the stack says ${image.arch}`, arch);
      }
    }
    if (offered.status === "rejected") note(`whether ${zone} offers ${instanceType}`, offered.reason);
    else if (Array.isArray(offered.value.instanceTypes) && !offered.value.instanceTypes.includes(instanceType)) {
      const command = `aws ec2 describe-instance-type-offerings --location-type availability-zone --filters Name=instance-type,Values=${instanceType}`;
      fail("machine.zone", `${zone} does not offer ${instanceType}`, `a zone that this lists: ${command}`);
    }
  });

  // An error in the log fails the preview, after everything else that is wrong has been said as well.
  function fail(path: string, message: string, instead: string) {
    void pulumi.log.error(`nemoclaw:${path}\n  ${message}\n  instead: ${instead}`, opts.parent);
  }

  function note(what: string, reason: unknown) {
    const said = reason instanceof Error ? reason.message : String(reason);
    void pulumi.log.warn(`AWS could not be asked about ${what}: ${said}`, opts.parent);
  }
}
