import { Instance } from "@pulumi/aws/ec2/instance.js";
import * as pulumi from "@pulumi/pulumi";
import type { AwsNetwork } from "./aws-network.ts";
import type { sessionManagerProfile } from "./aws-session-profile.ts";
import type { Arch } from "./machine-types.ts";

export interface AwsInstanceArgs {
  readonly zone: string;
  readonly instanceType: string;
  readonly image: { readonly id: string; readonly arch: Arch };
  readonly rootDisk: { readonly size: number };
  readonly kmsKey?: string;
  readonly spot: boolean;
  readonly terminationProtection?: boolean;
}

interface Around {
  /** What people see it called. */
  readonly label: string;
  readonly network: AwsNetwork;
  /** Whether it needs a public address although its network is given. */
  readonly publicAddress: boolean;
  readonly profile?: ReturnType<typeof sessionManagerProfile>;
  readonly userData: pulumi.Output<string>;
}

/** The setting by which AWS refuses to terminate the machine, where it does. */
export function awsProtection({ spot, terminationProtection = !spot }: AwsInstanceArgs): string | undefined {
  return terminationProtection ? "machine.terminationProtection" : undefined;
}

/** The machine itself: its metadata is for itself alone, its disk is encrypted, and it is never replaced by surprise. */
export function awsInstance(
  name: string,
  args: AwsInstanceArgs,
  { label, network, publicAddress, profile, userData }: Around,
  child: pulumi.CustomResourceOptions,
): Instance {
  const { spot, kmsKey } = args;
  return new Instance(
    `${name}-instance`,
    {
      ami: args.image.id,
      instanceType: args.instanceType,
      availabilityZone: args.zone,
      subnetId: network.subnetId,
      vpcSecurityGroupIds: [network.securityGroupId],
      // In a network of the stack's own it is the only way out; the security group decides who comes in.
      associatePublicIpAddress: network.own || publicAddress,
      iamInstanceProfile: profile?.profile.name,
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: {
        volumeType: "gp3",
        volumeSize: args.rootDisk.size,
        encrypted: true,
        kmsKeyId: kmsKey,
        deleteOnTermination: true,
      },
      userData,
      disableApiTermination: awsProtection(args) !== undefined,
      instanceInitiatedShutdownBehavior: "stop",
      ...(spot ? { instanceMarketOptions: spotMarket } : {}),
      tags: { Name: label },
    },
    pulumi.mergeOptions(child, {
      // Two GPU machines at once are more than most quotas allow, and the data disk can be in one only.
      deleteBeforeReplace: true,
      // User data is read at the first boot only; a change of it would stop and start the machine for nothing. A stopped
      // machine has no public address, which reads as another wish for one and would replace it.
      ignoreChanges: ["userData", "associatePublicIpAddress"],
      dependsOn: profile ? [profile.may] : [],
    }),
  );
}

const spotMarket = {
  marketType: "spot",
  // Stopped rather than terminated, so that it comes back as the same machine; and only a machine of a persistent request can be
  // stopped at all, as it is before its data disk goes. Whether the provider ends the request with the machine is not sure.
  spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
};
