import { identityTypes, rights } from "./cloud-rights.ts";
import { doorProperties, doorTypes } from "./door-facts.ts";

/**
 * The types of a cloud that this project's components make, each with the properties that they give it: what another value of these
 * means is looked into, told in the settings, or is nothing to anybody's access. A test compares with the components.
 */
const ofClouds: Readonly<Record<string, readonly string[]>> = {
  "aws:ebs/volume:Volume": ["availabilityZone", "encrypted", "finalSnapshot", "kmsKeyId", "size", "type"],
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ["vpcId"],
  "aws:ec2/eip:Eip": ["domain", "instance"],
  "aws:ec2/instance:Instance": [
    ...["ami", "associatePublicIpAddress", "availabilityZone", "disableApiTermination", "iamInstanceProfile"],
    ...["instanceInitiatedShutdownBehavior", "instanceMarketOptions", "instanceType", "metadataOptions"],
    ...["rootBlockDevice", "subnetId", "userData", "vpcSecurityGroupIds"],
  ],
  "aws:ec2/internetGateway:InternetGateway": ["vpcId"],
  "aws:ec2/routeTable:RouteTable": ["routes", "vpcId"],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ["routeTableId", "subnetId"],
  "aws:ec2/securityGroup:SecurityGroup": ["vpcId"],
  "aws:ec2/subnet:Subnet": ["availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "vpcId"],
  "aws:ec2/volumeAttachment:VolumeAttachment": ["deviceName", "instanceId", "stopInstanceBeforeDetaching", "volumeId"],
  "aws:ec2/vpc:Vpc": ["cidrBlock", "enableDnsHostnames"],
  "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": [
    ...["preserveClientIp", "securityGroupIds", "subnetId"],
  ],
  "aws:iam/instanceProfile:InstanceProfile": ["role"],
  "aws:iam/role:Role": ["assumeRolePolicy"],
  "aws:iam/rolePolicy:RolePolicy": ["policy", "role"],
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": [
    ...["cidrIpv4", "fromPort", "ipProtocol", "referencedSecurityGroupId", "securityGroupId", "toPort"],
  ],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [
    ...["cidrIpv4", "cidrIpv6", "fromPort", "ipProtocol", "referencedSecurityGroupId", "securityGroupId", "toPort"],
  ],
  "gcp:compute/address:Address": ["region"],
  "gcp:compute/disk:Disk": ["diskEncryptionKey", "size", "type", "zone"],
  "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment": ["disk", "zone"],
  "gcp:compute/firewall:Firewall": ["allows", "network", "sourceRanges", "targetServiceAccounts"],
  "gcp:compute/instance:Instance": [
    ...[
      "allowStoppingForUpdate",
      "attachedDisks",
      "bootDisk",
      "deletionProtection",
      "guestAccelerators",
      "machineType",
    ],
    ...["metadata", "networkInterfaces", "scheduling", "serviceAccount", "shieldedInstanceConfig", "zone"],
  ],
  "gcp:compute/network:Network": ["autoCreateSubnetworks"],
  "gcp:compute/resourcePolicy:ResourcePolicy": ["region", "snapshotSchedulePolicy"],
  "gcp:compute/router:Router": ["network", "region"],
  "gcp:compute/routerNat:RouterNat": [
    ...["natIpAllocateOption", "region", "router", "sourceSubnetworkIpRangesToNat", "subnetworks"],
  ],
  "gcp:compute/subnetwork:Subnetwork": ["ipCidrRange", "network", "privateIpGoogleAccess", "region"],
  "gcp:iap/tunnelInstanceIAMMember:TunnelInstanceIAMMember": ["instance", "member", "project", "role", "zone"],
  "gcp:serviceaccount/account:Account": ["accountId", "displayName"],
};

/** What people call it by, and what a provider notes beside. */
const names = /^(name|description|tags|tagsAll|labels|effectiveLabels|pulumiLabels|__defaults)$/;

/** This package's own, and commands over SSH, which are looked into one by one. */
const own = /^nemoclaw:(host|local|index):|^command:remote:Command$/;

/** Whether a resource of this type is one that the components make, or that a review has rules for. */
export function isKnownType(type: string): boolean {
  return own.test(type) || type in ofClouds || rulesFor(type).length > 0;
}

/** Whether another value of a property of such a type is looked into, or is nothing to anybody's access. */
export function isKnownProperty(type: string, property: string): boolean {
  if (own.test(type) || names.test(property) || ofClouds[type]?.includes(property)) return true;
  return rulesFor(type).some(([, properties]) => properties.includes(property));
}

const rules: readonly (readonly [types: RegExp, properties: readonly string[]])[] = [
  [doorTypes, doorProperties],
  [identityTypes, rights],
];

const rulesFor = (type: string) => rules.filter(([types]) => types.test(type));
