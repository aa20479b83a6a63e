import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { InstanceConnectEndpoint } from "@pulumi/aws/ec2transitgateway/instanceConnectEndpoint.js";
import { ProtocolType } from "@pulumi/aws/types/enums/ec2/index.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type * as pulumi from "@pulumi/pulumi";
import { riskDescription } from "./aws-accepted-risk.ts";

/** How SSH is reached on AWS. */
export type AwsAccess =
  | { readonly kind: "ssm" | "instance-connect-endpoint" }
  | { readonly kind: "public"; readonly cidrs: readonly string[]; readonly fromAnywhere?: string };

export interface AwsNetwork {
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** A network of the stack's own, in which the machine needs a public address to reach the internet at all. */
  readonly own: boolean;
  /** What must be there before the machine can be reached. */
  readonly doors: readonly pulumi.Resource[];
}

interface Site {
  readonly zone: string;
  readonly given?: { readonly vpc: string; readonly subnet: string };
  readonly access: AwsAccess;
}

/** The network of a machine: a given one or a small one of its own, and a security group that lets nobody in but whom `access` names. */
export function awsNetwork(
  name: string,
  { zone, given, access }: Site,
  child: pulumi.CustomResourceOptions,
): AwsNetwork {
  const tags = { Name: name };
  const { vpcId, subnetId, own } = given
    ? { vpcId: given.vpc, subnetId: given.subnet, own: [] }
    : ownNetwork(name, zone, child);

  const group = new SecurityGroup(
    `${name}-group`,
    { vpcId, description: "A NemoClaw machine: SSH as the stack says, and nothing else, comes in", tags },
    child,
  );
  const securityGroupId = group.id;
  const out = new SecurityGroupEgressRule(
    `${name}-out`,
    // The sandbox's egress is decided by its own policy; the machine itself downloads packages and talks to its model.
    { securityGroupId, description: "everywhere", ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
    child,
  );
  const doors = [...own, out, ...letIn(name, access, { securityGroupId, vpcId, subnetId }, child)];
  return { subnetId, securityGroupId, own: given === undefined, doors };
}

function ownNetwork(name: string, zone: string, child: pulumi.CustomResourceOptions) {
  const tags = { Name: name };
  const vpc = new Vpc(`${name}-vpc`, { cidrBlock: "10.71.0.0/24", enableDnsHostnames: true, tags }, child);
  // Taking it into the stack without rules closes it; AWS makes it open within the VPC.
  const closed = new DefaultSecurityGroup(`${name}-default-group`, { vpcId: vpc.id, tags }, child);
  const gateway = new InternetGateway(`${name}-gateway`, { vpcId: vpc.id, tags }, child);
  const subnet = new Subnet(
    `${name}-subnet`,
    { vpcId: vpc.id, availabilityZone: zone, cidrBlock: "10.71.0.0/26", mapPublicIpOnLaunch: false, tags },
    child,
  );
  const routes = new RouteTable(
    `${name}-routes`,
    { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }], tags },
    child,
  );
  const routed = new RouteTableAssociation(`${name}-routed`, { subnetId: subnet.id, routeTableId: routes.id }, child);
  return { vpcId: vpc.id, subnetId: subnet.id, own: [closed, routed] };
}

interface Inside {
  readonly securityGroupId: pulumi.Input<string>;
  readonly vpcId: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
}

function letIn(
  name: string,
  access: AwsAccess,
  inside: Inside,
  child: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { securityGroupId, vpcId, subnetId } = inside;
  const ssh = { ipProtocol: ProtocolType.TCP, fromPort: 22, toPort: 22 };
  switch (access.kind) {
    case "ssm":
      return [];
    case "public":
      return access.cidrs.map((cidr) => {
        const block = cidr.includes(":") ? { cidrIpv6: cidr } : { cidrIpv4: cidr };
        const description = access.fromAnywhere ? riskDescription(access.fromAnywhere) : "SSH, as machine.access lists";
        return new SecurityGroupIngressRule(
          `${name}-ssh-${cidr}`,
          { securityGroupId, ...ssh, ...block, description },
          child,
        );
      });
    case "instance-connect-endpoint": {
      const from = new SecurityGroup(
        `${name}-endpoint-group`,
        {
          vpcId,
          description: "The endpoint that carries SSH to the NemoClaw machine",
          tags: { Name: `${name}-endpoint` },
        },
        child,
      );
      const to = new SecurityGroupEgressRule(
        `${name}-endpoint-out`,
        {
          securityGroupId: from.id,
          ...ssh,
          referencedSecurityGroupId: securityGroupId,
          description: "SSH to the machine",
        },
        child,
      );
      const rule = new SecurityGroupIngressRule(
        `${name}-ssh-endpoint`,
        { securityGroupId, ...ssh, referencedSecurityGroupId: from.id, description: "SSH from the endpoint" },
        child,
      );
      const endpoint = new InstanceConnectEndpoint(
        `${name}-endpoint`,
        // With the caller's address preserved, the rule would have to list addresses again.
        { subnetId, securityGroupIds: [from.id], preserveClientIp: false, tags: { Name: name } },
        child,
      );
      return [to, rule, endpoint];
    }
  }
}
