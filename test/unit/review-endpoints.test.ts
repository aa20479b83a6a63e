import { expect, test } from "vitest";
import { unknownValue } from "../../review/values.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const own = (type: string, name: string, id: string): Planned => ({ type, name, id, before: {}, after: {}, seen: {} });
const endpoint = (before: Inputs | undefined, after: Inputs, more: Partial<Planned> = {}): Planned[] => [
  own("aws:ec2/securityGroup:SecurityGroup", "group", "sg-own"),
  own("aws:ec2/subnet:Subnet", "subnet", "subnet-own"),
  {
    type: "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint",
    name: "way-in",
    before,
    after,
    ...more,
  },
];
const [ownGroup, ownSubnet] = [{ securityGroupIds: ["sg-own"] }, { subnetId: "subnet-own" }];
const [otherGroup, otherSubnet] = [{ securityGroupIds: ["sg-1"] }, { subnetId: "subnet-1" }];
const ofMachine = { parent: "nemoclaw:index:AwsMachine", name: "machine-endpoint" };
test.each<[string, Planned[], (string | undefined)[][]]>([
  ["to the stack's own", endpoint({ ...otherGroup, ...otherSubnet }, { ...ownGroup, ...ownSubnet }), []],
  [
    "to a group of others",
    endpoint({ ...ownGroup, ...ownSubnet }, { ...otherGroup, ...ownSubnet }),
    [["securityGroupIds[0] of InstanceConnectEndpoint way-in", "sg-1"]],
  ],
  [
    "to one more group, of others",
    endpoint({ ...ownGroup, ...ownSubnet }, { securityGroupIds: ["sg-own", "sg-1"], ...ownSubnet }),
    [["securityGroupIds of InstanceConnectEndpoint way-in", '["sg-own","sg-1"]']],
  ],
  [
    "to a subnet of others",
    endpoint({ ...ownGroup, ...ownSubnet }, { ...ownGroup, ...otherSubnet }, { replace: ["subnetId"] }),
    [["subnetId of InstanceConnectEndpoint way-in", "subnet-1"]],
  ],
  [
    "by the settings of its machine",
    endpoint({ ...ownGroup, ...ownSubnet }, { ...ownGroup, ...otherSubnet }, { ...ofMachine, replace: ["subnetId"] }),
    [],
  ],
  ["nowhere, among others as before", endpoint(otherGroup, { ...otherGroup, preserveClientIp: true }), []],
  ["to what is new", endpoint(undefined, { securityGroupIds: [unknownValue], subnetId: unknownValue }), []],
  [
    "from nowhere to others",
    endpoint(undefined, { ...otherGroup, ...otherSubnet }),
    [
      ["securityGroupIds[0] of InstanceConnectEndpoint way-in", "sg-1"],
      ["subnetId of InstanceConnectEndpoint way-in", "subnet-1"],
    ],
  ],
  [
    "from nowhere to the group that its network has for all",
    endpoint(undefined, ownSubnet),
    [["securityGroupIds of InstanceConnectEndpoint way-in", "nothing: a default of the cloud's own is taken"]],
  ],
])("an endpoint for SSH that moves %s", (_, planned, expected) => {
  expect(alarms(reviewed(...planned))).toEqual(expected);
});
