import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import { Provider } from "@pulumi/aws/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { acceptedRisk } from "../../policies/guardrails/guardrail.ts";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { type AwsAccess, awsNetwork } from "./aws-network.ts";
import { askAws } from "./aws-questions.ts";
import { sessionManagerProfile } from "./aws-session-profile.ts";
import { type CloudKeys, cloudUser, identify, makeKeys, type UserKey } from "./cloud-identity.ts";
import { cloudConfig } from "./cloud-init.ts";
import { awsMachineTypes } from "./gpu-table-aws.ts";
import { guarded } from "./guarded.ts";
import type { Arch, Gpu } from "./machine-types.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

export interface AwsMachineArgs extends UserKey {
  readonly region: string;
  readonly zone: string;
  /** Refuse to work with another account's credentials. */
  readonly account?: string;
  readonly instanceType: string;
  /** What the machine type has, where this project's table does not know it. */
  readonly gpu?: "none" | Gpu;
  readonly image: { readonly id: string; readonly arch: Arch };
  readonly access: AwsAccess;
  readonly network?: { readonly vpc: string; readonly subnet: string };
  readonly rootDisk: { readonly size: number };
  readonly dataDisk: { readonly size: number; readonly protect: boolean; readonly reason?: string };
  readonly kmsKey?: string;
  readonly spot: boolean;
  readonly terminationProtection?: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** A machine on EC2 with its network, its disks and its identity. The data disk outlives it and is attached to the next one. */
export class AwsMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;
  readonly deletedWith: pulumi.Resource;

  constructor(name: string, args: AwsMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:AwsMachine", name, {}, guarded(opts));
    const { region, zone, access, kmsKey, spot } = args;
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    const fullName = `${project}-${stack}`;
    const provider = new Provider(
      `${name}-aws`,
      {
        region,
        ...(args.account === undefined ? {} : { allowedAccountIds: [args.account] }),
        defaultTags: { tags: { ...args.tags, "nemoclaw:project": project, "nemoclaw:stack": stack } },
      },
      { parent: this },
    );
    const child = { parent: this, provider };
    askAws(args, child);

    const keys = makeKeys(name, args, this);
    const network = awsNetwork(name, { zone, given: args.network, access }, child);
    const profile = access.kind === "ssm" ? sessionManagerProfile(name, child) : undefined;
    const { protect, reason, size } = args.dataDisk;
    const data = new Volume(
      `${name}-data`,
      {
        availabilityZone: zone,
        size,
        type: "gp3",
        encrypted: true,
        kmsKeyId: kmsKey,
        finalSnapshot: true,
        tags: { Name: `${fullName}-data`, ...(protect ? {} : { "accepted-risk": `${acceptedRisk}${reason}` }) },
      },
      { ...child, protect },
    );

    const box = new Instance(
      `${name}-instance`,
      {
        ami: args.image.id,
        instanceType: args.instanceType,
        availabilityZone: zone,
        subnetId: network.subnetId,
        vpcSecurityGroupIds: [network.securityGroupId],
        // In a network of the stack's own it is the only way out; the security group decides who comes in.
        associatePublicIpAddress: network.own || access.kind === "public",
        iamInstanceProfile: profile?.profile.name,
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: {
          volumeType: "gp3",
          volumeSize: args.rootDisk.size,
          encrypted: true,
          kmsKeyId: kmsKey,
          deleteOnTermination: true,
        },
        userData: userData(keys, data.id),
        disableApiTermination: args.terminationProtection ?? !spot,
        instanceInitiatedShutdownBehavior: "stop",
        ...(spot ? { instanceMarketOptions: spotMarket } : {}),
        tags: { Name: fullName },
      },
      {
        ...child,
        // Two GPU machines at once are more than most quotas allow, and the data disk can be in one only.
        deleteBeforeReplace: true,
        // It is read at the first boot only; a change of it would stop and start the machine for nothing.
        ignoreChanges: ["userData"],
        dependsOn: profile ? [profile.may] : [],
      },
    );
    const attachment = new VolumeAttachment(
      `${name}-data-attachment`,
      { deviceName: "/dev/sdf", instanceId: box.id, volumeId: data.id, stopInstanceBeforeDetaching: true },
      { ...child, deleteBeforeReplace: true },
    );
    const address =
      access.kind === "public"
        ? new Eip(`${name}-address`, { domain: "vpc", instance: box.id, tags: { Name: fullName } }, child)
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

const spotMarket = {
  marketType: "spot",
  // Stopped rather than terminated, so that it comes back as the same machine.
  spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
};

function userData({ bootstrap, authorizedKey }: CloudKeys, volumeId: pulumi.Output<string>): pulumi.Output<string> {
  const { publicKey, privateKey } = bootstrap;
  return pulumi
    .all([publicKey, privateKey, authorizedKey, volumeId])
    .apply(([publicHalf, privateHalf, login, volume]) =>
      cloudConfig({
        user: cloudUser,
        authorizedKey: login,
        hostKey: { publicKey: publicHalf, privateKey: privateHalf },
        // udev names a volume by its id without the dash, whatever device name it was attached under.
        dataDevice: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume.replace("-", "")}`,
      }),
    );
}

function wayIn(
  kind: "ssm" | "instance-connect-endpoint",
  region: string,
  id: pulumi.Output<string>,
): pulumi.Input<string>[] {
  return kind === "ssm"
    ? [
        "aws",
        "ssm",
        "start-session",
        "--region",
        region,
        "--target",
        id,
        "--document-name",
        "AWS-StartSSHSession",
        "--parameters",
        "portNumber=22",
      ]
    : ["aws", "ec2-instance-connect", "open-tunnel", "--region", region, "--instance-id", id, "--remote-port", "22"];
}
