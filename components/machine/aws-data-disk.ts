import { Volume } from "@pulumi/aws/ebs/volume.js";
import type * as pulumi from "@pulumi/pulumi";
import { riskMark } from "../../policies/guardrails/guardrail.ts";
import { riskTag } from "./aws-accepted-risk.ts";

export interface AwsDataDiskArgs {
  /** GiB. */
  readonly size: number;
  readonly protect: boolean;
  /** Why it is not protected. */
  readonly reason?: string;
}

interface Place {
  readonly zone: string;
  readonly kmsKey?: string;
  /** What people see it called. */
  readonly label: string;
}

/** The disk of the agent's files: in the machine's zone, and never deleted with it. */
export function awsDataDisk(
  name: string,
  { size, protect, reason }: AwsDataDiskArgs,
  { zone, kmsKey, label }: Place,
  child: pulumi.CustomResourceOptions,
): Volume {
  return new Volume(
    `${name}-data`,
    {
      availabilityZone: zone,
      size,
      type: "gp3",
      encrypted: true,
      kmsKeyId: kmsKey,
      finalSnapshot: true,
      tags: { Name: label, ...(protect ? {} : { [riskMark]: riskTag(reason ?? "") }) },
    },
    { ...child, protect },
  );
}

/** Where a machine finds it: udev names a volume by its id without the dash, whatever device name it was attached under. */
export function awsDataDevice(disk: Volume): pulumi.Output<string> {
  return disk.id.apply((id) => `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace("-", "")}`);
}
