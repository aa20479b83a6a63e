import { Disk } from "@pulumi/gcp/compute/disk.js";
import { DiskResourcePolicyAttachment } from "@pulumi/gcp/compute/diskResourcePolicyAttachment.js";
import { ResourcePolicy } from "@pulumi/gcp/compute/resourcePolicy.js";
import type * as pulumi from "@pulumi/pulumi";
import { riskMark } from "../../policies/guardrails/guardrail.ts";

export interface GcpDataDiskArgs {
  /** GiB. */
  readonly size: number;
  readonly type?: string;
  readonly protect: boolean;
  /** Why it is not protected. */
  readonly reason?: string;
  readonly snapshots: { readonly hour: number; readonly keepDays: number };
}

interface Place {
  readonly zone: string;
  readonly region: string;
  readonly type: string;
  readonly kmsKey?: string;
}

/** The disk of the agent's files, and the schedule by which snapshots of it are taken. */
export function gcpDataDisk(
  name: string,
  args: GcpDataDiskArgs,
  place: Place,
  child: pulumi.CustomResourceOptions,
): Disk {
  const { size, protect, reason, snapshots } = args;
  const disk = new Disk(
    `${name}-data`,
    {
      zone: place.zone,
      size,
      type: args.type ?? place.type,
      description: "The agent's files; outlives the machine",
      ...(protect ? {} : { labels: { [riskMark]: labelOf(reason ?? "") } }),
      ...(place.kmsKey === undefined ? {} : { diskEncryptionKey: { kmsKeySelfLink: place.kmsKey } }),
    },
    // Another description is another disk to the provider; earlier releases wrote the reason there.
    { ...child, protect, ignoreChanges: ["description"] },
  );
  const schedule = new ResourcePolicy(
    `${name}-snapshots`,
    {
      region: place.region,
      snapshotSchedulePolicy: {
        schedule: { dailySchedule: { daysInCycle: 1, startTime: `${String(snapshots.hour).padStart(2, "0")}:00` } },
        retentionPolicy: { maxRetentionDays: snapshots.keepDays, onSourceDiskDelete: "KEEP_AUTO_SNAPSHOTS" },
      },
    },
    child,
  );
  new DiskResourcePolicyAttachment(
    `${name}-snapshots-of-data`,
    { disk: disk.name, name: schedule.name, zone: place.zone },
    child,
  );
  return disk;
}

/** A label holds small letters, those of other scripts, digits and dashes, and no more than 128 bytes of them. */
function labelOf(reason: string): string {
  const words = reason.toLowerCase().match(/[\p{Ll}\p{Lo}\p{N}]+/gu) ?? [];
  return words.join("-").slice(0, 40);
}
