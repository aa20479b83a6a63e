import {
  all,
  any,
  each,
  type Form,
  firstBoot,
  fixed,
  oneOf,
  onlyOne,
  own,
  ownOrSet,
  parts,
  whenNew,
} from "./given-forms.ts";

/** What this project's components make of AWS's types, and give them. A test compares with the components. */
export const awsForms: Readonly<Record<string, Record<string, Form>>> = {
  "aws:ebs/volume:Volume": all("availabilityZone", "encrypted", "finalSnapshot", "kmsKeyId", "size", "type"),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": all("vpcId"),
  // Whose address it becomes is told as that machine's.
  "aws:ec2/eip:Eip": all("domain", "instance"),
  "aws:ec2/instance:Instance": {
    ...all("ami", "associatePublicIpAddress", "availabilityZone", "disableApiTermination", "iamInstanceProfile"),
    ...all("instanceInitiatedShutdownBehavior", "instanceMarketOptions", "instanceType"),
    ...all("vpcSecurityGroupIds"),
    metadataOptions: parts(all("httpEndpoint", "httpPutResponseHopLimit", "httpTokens")),
    rootBlockDevice: parts(all("deleteOnTermination", "encrypted", "kmsKeyId", "volumeSize", "volumeType")),
    subnetId: ownOrSet(/^aws:ec2\/subnet:/),
    userData: whenNew(firstBoot),
  },
  "aws:ec2/internetGateway:InternetGateway": all("vpcId"),
  "aws:ec2/routeTable:RouteTable": {
    routes: fixed(onlyOne(parts({ cidrBlock: oneOf("0.0.0.0/0"), gatewayId: own(/^aws:ec2\/internetGateway:/) }))),
    vpcId: any,
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    routeTableId: fixed(own(/^aws:ec2\/routeTable:/)),
    subnetId: fixed(own(/^aws:ec2\/subnet:/)),
  },
  "aws:ec2/securityGroup:SecurityGroup": all("vpcId"),
  "aws:ec2/subnet:Subnet": { ...all("availabilityZone", "cidrBlock", "vpcId"), mapPublicIpOnLaunch: oneOf(false) },
  "aws:ec2/volumeAttachment:VolumeAttachment": {
    ...all("deviceName", "stopInstanceBeforeDetaching"),
    instanceId: own(/^aws:ec2\/instance:/),
    volumeId: own(/^aws:ebs\/volume:/),
  },
  "aws:ec2/vpc:Vpc": all("cidrBlock", "enableDnsHostnames"),
  // What it reaches is what its groups let out, and from its subnet.
  "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": {
    preserveClientIp: any,
    securityGroupIds: each(own(/^aws:ec2\/(securityGroup|defaultSecurityGroup):/)),
    subnetId: ownOrSet(/^aws:ec2\/subnet:/),
  },
  "aws:iam/instanceProfile:InstanceProfile": all("role"),
  "aws:iam/role:Role": all("assumeRolePolicy"),
  "aws:iam/rolePolicy:RolePolicy": all("policy", "role"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": all(
    ...["cidrIpv4", "fromPort", "ipProtocol", "referencedSecurityGroupId", "securityGroupId", "toPort"],
  ),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": all(
    ...["cidrIpv4", "cidrIpv6", "fromPort", "ipProtocol", "referencedSecurityGroupId", "securityGroupId", "toPort"],
  ),
};
