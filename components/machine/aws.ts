import { Eip } from "@pulumi/aws/ec2/eip.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { type AwsDataDiskArgs, awsDataDevice, awsDataDisk } from "./aws-data-disk.ts";
import { type AwsInstanceArgs, awsInstance, awsProtection } from "./aws-instance.ts";
import { type AwsAccess, awsNetwork } from "./aws-network.ts";
import { askAws } from "./aws-questions.ts";
import { sessionManagerProfile } from "./aws-session-profile.ts";
import { identify, makeKeys, type UserKey } from "./cloud-identity.ts";
import { userData } from "./first-boot.ts";
import { awsMachineTypes } from "./gpu-table-aws.ts";
import { guarded } from "./guarded.ts";
import type { Gpu } from "./machine-types.ts";
import type { ProvidedMachine } from "./provided-machine.ts";
import { replacedKnowingly } from "./replacement.ts";

export interface AwsMachineArgs extends UserKey, AwsInstanceArgs {
  readonly region: string;
  /** Refuse to work with another account's credentials. */
  readonly account?: string;
  /** What the machine type has, where this project's table does not know it. */
  readonly gpu?: "none" | Gpu;
  readonly access: AwsAccess;
  readonly network?: { readonly vpc: string; readonly subnet: string };
  readonly dataDisk: AwsDataDiskArgs;
  readonly tags: Readonly<Record<string, string>>;
}

/** A machine on EC2 with its network, its disks and its identity. The data disk outlives it and is attached to the next one. */
export class AwsMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;
  readonly deletedWith: pulumi.Resource;

  constructor(name: string, args: AwsMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:AwsMachine", name, {}, guarded(opts));
    const { region, zone, access, kmsKey } = args;
    const label = `${pulumi.getProject()}-${pulumi.getStack()}`;
    const child = { parent: this, provider: account(name, args, this) };
    askAws(args, child);

    const keys = makeKeys(name, args, this);
    const network = awsNetwork(name, { zone, given: args.network, access }, child);
    const profile = access.kind === "ssm" ? sessionManagerProfile(name, child) : undefined;
    const data = awsDataDisk(name, args.dataDisk, { zone, kmsKey, label: `${label}-data` }, child);
    const box = awsInstance(
      name,
      args,
      {
        label,
        network,
        publicAddress: access.kind === "public",
        profile,
        userData: userData(keys, awsDataDevice(data)),
      },
      { ...child, ...replacedKnowingly(name, { keys, ...replacement(args) }, this) },
    );
    const attachment = new VolumeAttachment(
      `${name}-data-attachment`,
      { deviceName: "/dev/sdf", instanceId: box.id, volumeId: data.id, stopInstanceBeforeDetaching: true },
      { ...child, deleteBeforeReplace: true },
    );
    const address =
      access.kind === "public"
        ? new Eip(`${name}-address`, { domain: "vpc", instance: box.id, tags: { Name: label } }, child)
        : undefined;

    this.deletedWith = box;
    this.machine = identify(
      name,
      keys,
      {
        id: pulumi.interpolate`aws:${box.id}`,
        address: address?.publicIp ?? box.id,
        port: 22,
        ...(access.kind === "public" ? {} : { via: { kind: "command", argv: wayIn(access.kind, region, box.id) } }),
        arch: args.image.arch,
        gpu: awsMachineTypes.find((type) => type.name === args.instanceType)?.gpu ?? args.gpu ?? "none",
      },
      { box, after: [attachment, ...network.doors, ...(address ? [address] : [])], parent: this },
    );
    this.registerOutputs({});
  }
}

function replacement(args: AwsMachineArgs) {
  // Options for a market that are left out are no change to the provider: a spot machine would stay one.
  const unseen = args.spot ? ["spot"] : [];
  return { protectedBy: awsProtection(args), settings: fixed(args), unseen };
}

// EC2 changes the type of an instance and the size of its disk in place.
function fixed({ image, zone, network, kmsKey = "default", spot }: AwsMachineArgs) {
  return {
    "machine.image.id": image.id,
    "machine.zone": zone,
    "machine.network.subnet": network?.subnet ?? "own",
    "machine.kmsKey": kmsKey,
    "machine.spot": spot,
  };
}

function account(name: string, { region, account: only, tags }: AwsMachineArgs, parent: pulumi.Resource): Provider {
  const own = { "nemoclaw:project": pulumi.getProject(), "nemoclaw:stack": pulumi.getStack() };
  return new Provider(
    `${name}-aws`,
    {
      region,
      ...(only === undefined ? {} : { allowedAccountIds: [only] }),
      defaultTags: { tags: { ...tags, ...own } },
    },
    { parent },
  );
}

function wayIn(
  kind: "ssm" | "instance-connect-endpoint",
  region: string,
  id: pulumi.Output<string>,
): pulumi.Input<string>[] {
  const tunnel = ["aws", "ec2-instance-connect", "open-tunnel", "--region", region, "--instance-id", id];
  if (kind === "instance-connect-endpoint") return [...tunnel, "--remote-port", "22"];
  const session = ["aws", "ssm", "start-session", "--region", region, "--target", id];
  return [...session, "--document-name", "AWS-StartSSHSession", "--parameters", "portNumber=22"];
}
