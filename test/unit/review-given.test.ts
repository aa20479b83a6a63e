import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import { unknownValue } from "../../review/values.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const ec2 = "aws:ec2/instance:Instance";
const vm = "gcp:compute/instance:Instance";

describe("what the components never give so", () => {
  const gateway: Planned = { type: "aws:ec2/internetGateway:InternetGateway", name: "gate", id: "igw-1", before: {} };
  const standing = (one: Planned): Planned => ({ ...one, after: one.before });
  const out = { cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" };
  const table = (before: Inputs | undefined, after: Inputs): Planned => ({
    type: "aws:ec2/routeTable:RouteTable",
    name: "routes",
    before: before && { vpcId: "v", ...before },
    after: { vpcId: "v", ...after },
  });
  const subnet = (before: unknown, after: unknown): Planned => ({
    type: "aws:ec2/subnet:Subnet",
    name: "subnet",
    before: { vpcId: "v", mapPublicIpOnLaunch: before },
    after: { vpcId: "v", mapPublicIpOnLaunch: after },
  });
  const command = (before: Inputs | undefined, after: Inputs): Planned => ({
    type: "command:remote:Command",
    name: "site",
    before: before && { create: "true", connection: "[secret]", ...before },
    after: { create: "true", connection: "[secret]", ...after },
  });
  const attached = (instanceId: string): Planned => ({
    type: "aws:ec2/volumeAttachment:VolumeAttachment",
    name: "data",
    after: { deviceName: "/dev/sdf", instanceId, volumeId: unknownValue },
  });
  const peering = { cidrBlock: "10.0.0.0/8", vpcPeeringConnectionId: "pcx-1" };

  test.each<[string, Planned[], string | undefined]>([
    [
      "a way to the internet, new in a table",
      [standing(gateway), table({}, { routes: [out] })],
      "routes of RouteTable routes",
    ],
    [
      "a way to others",
      [standing(gateway), table({ routes: [out] }, { routes: [out, peering] })],
      "routes of RouteTable routes",
    ],
    ["a way that goes", [table({ routes: [peering] }, {})], "routes of RouteTable routes"],
    ["a new table to others", [table(undefined, { routes: [peering] })], "routes[0].cidrBlock of RouteTable routes"],
    [
      "a new table to a gateway of others",
      [table(undefined, { routes: [out] })],
      "routes[0].gatewayId of RouteTable routes",
    ],
    ["a new table to the stack's own", [standing(gateway), table(undefined, { routes: [out] })], undefined],
    ["a table whose tags change", [table({ routes: [out] }, { routes: [out], tags: { a: "b" } })], undefined],
    ["public addresses for all of a subnet", [subnet(false, true)], "mapPublicIpOnLaunch of Subnet subnet"],
    ["such addresses no more", [subnet(true, false)], undefined],
    [
      "surroundings of a command",
      [command({}, { environment: { LD_PRELOAD: "/tmp/a.so" } })],
      "environment of Command site",
    ],
    ["those of a new one", [command(undefined, { environment: { A: "b" } })], "environment of Command site"],
    ["what a command reads", [command({ stdin: "true" }, { stdin: "false" })], "stdin of Command site"],
    [
      "another way of a command",
      [command({ connection: { host: "a" } }, { connection: { host: "b" } })],
      "connection.host of Command site",
    ],
    [
      "a host key that is taken as it comes",
      [command({ connection: { host: "a", hostKey: "k" } }, { connection: { host: "a" } })],
      "connection.hostKey of Command site",
    ],
    [
      "another host in between",
      [command({ connection: { proxy: { host: "a" } } }, { connection: { proxy: { host: "b" } } })],
      "connection.proxy.host of Command site",
    ],
    ["a way that was open and is a secret", [command({ connection: { host: "a" } }, {})], "connection of Command site"],
    [
      "another socket of an agent, and more patience",
      [command({ connection: { host: "a" } }, { connection: { host: "a", agentSocketPath: "/s", dialErrorLimit: 3 } })],
      undefined,
    ],
    [
      "another machine for a command of the site's",
      [
        {
          ...command({ connection: { host: "a" } }, { connection: { host: "b" } }),
          parent: "nemoclaw:index:SiteCommands",
        },
      ],
      undefined,
    ],
    ["how a command's output is logged", [command({ logging: "none" }, { logging: "stdout" })], undefined],
    ["the data disk, in a machine of others", [attached("i-others")], "instanceId of VolumeAttachment data"],
    ["the data disk, in a new machine", [attached(unknownValue)], undefined],
  ])("%s", (_, planned, what) => {
    const report = reviewed(...planned);
    const ofOthers = alarms(report).filter(([one]) => one !== "create of site");
    if (what === undefined) expect(ofOthers).toEqual([]);
    else {
      expect(ofOthers.map(([one]) => one)).toContain(what);
      expect(verdictOf(report).exitCode).toBe(3);
    }
  });

  const interfaces = (...after: Inputs[]): Planned => ({
    type: vm,
    name: "one",
    before: { networkInterfaces: [{ subnetwork: "projects/p/regions/r/subnetworks/a", accessConfigs: [] }] },
    after: { networkInterfaces: after },
  });
  const own = "projects/p/regions/r/subnetworks/a";
  const disks = (...after: Inputs[]): Planned => ({
    type: vm,
    name: "one",
    before: { attachedDisks: [{ source: "disk-1" }] },
    after: { attachedDisks: after },
  });
  test.each<[string, Planned, (string | undefined)[][]]>([
    [
      "somebody's disk beside its own",
      disks({ source: "disk-1" }, { source: "b" }),
      [["attachedDisks of machine one", '[{"source":"disk-1"},{"source":"b"}]']],
    ],
    ["somebody's disk", disks({ source: "b" }), [["attachedDisks[0].source of machine one", "b"]]],
    ["a new disk", disks({ source: unknownValue }), []],
    [
      "a second interface",
      interfaces({ subnetwork: own }, { network: "default" }),
      [["networkInterfaces of machine one", `[{"subnetwork":"${own}"},{"network":"default"}]`]],
    ],
    [
      "its interface in another subnetwork",
      interfaces({ subnetwork: "default" }),
      [["networkInterfaces[0].subnetwork of machine one", "default"]],
    ],
    [
      "its interface with an address",
      interfaces({ subnetwork: own, accessConfigs: [{}] }),
      [["public address of one", "yes"]],
    ],
  ])("a machine of Google's, with %s", (_, planned, expected) => {
    expect(alarms(reviewed(planned))).toEqual(expected);
  });
});

describe("a machine's place in a network", () => {
  const subnet: Planned = { type: "aws:ec2/subnet:Subnet", name: "mine", id: "subnet-1", before: { vpcId: "v" } };
  const selfLink = "https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/mine";
  const subnetwork: Planned = {
    ...{ type: "gcp:compute/subnetwork:Subnetwork", name: "mine" },
    before: { network: "n", selfLink },
  };
  const standing = (one: Planned): Planned => ({ ...one, after: one.before });
  const amazon = (before: string | undefined, after: string): Planned => ({
    ...{ type: ec2, name: "one", before: before === undefined ? undefined : { subnetId: before } },
    after: { vpcSecurityGroupIds: [unknownValue], subnetId: after },
  });
  const google = (given: string): Planned => {
    const metadata = {
      ...{ "block-project-ssh-keys": "TRUE", "enable-oslogin": "FALSE", "serial-port-enable": "FALSE" },
    };
    const serviceAccount = { email: unknownValue };
    return { type: vm, name: "one", after: { metadata, serviceAccount, networkInterfaces: [{ subnetwork: given }] } };
  };
  const [amazons, googles] = ["subnetId of machine one", "networkInterfaces[0].subnetwork of machine one"];

  test.each<[string, Planned[], (string | undefined)[][]]>([
    ["of others", [standing(subnet), amazon(undefined, "subnet-2")], [[amazons, "subnet-2"]]],
    ["of the stack's own", [standing(subnet), amazon(undefined, "subnet-1")], []],
    ["of others, instead of its own", [standing(subnet), amazon("subnet-1", "subnet-2")], [[amazons, "subnet-2"]]],
    ["of others, on Google's cloud", [standing(subnetwork), google("default")], [[googles, "default"]]],
    ["of the stack's own there", [standing(subnetwork), google(selfLink)], []],
  ])("%s", (_, planned, expected) => {
    const found = alarms(reviewed(...planned)).filter(([what]) => what === amazons || what === googles);
    expect(found).toEqual(expected);
  });
});

describe("a fixed address of Amazon's", () => {
  const type = "aws:ec2/eip:Eip";
  const machine = (id: string, inputs: Inputs): Planned => ({ type: ec2, name: id, id, before: inputs, after: inputs });
  const given = (before: unknown, after: unknown): Planned => ({
    ...{ type, name: "address" },
    before: before === undefined ? undefined : { domain: "vpc", instance: before },
    after: { domain: "vpc", instance: after },
  });
  const fresh: Planned = {
    ...{ type: ec2, name: "new" },
    after: { vpcSecurityGroupIds: [unknownValue], subnetId: unknownValue },
  };
  const byMachine = { parent: "nemoclaw:index:AwsMachine" };
  const [box, boxAddress] = [
    { ...byMachine, name: "machine-instance" },
    { ...byMachine, name: "machine-address" },
  ];
  const anew = (seen: Inputs): Planned => ({
    ...{ type: ec2, name: "i-4", id: "i-4", before: { ami: "a" }, after: { ami: "b" }, replace: ["ami"], seen },
  });
  const [bare, open] = [machine("i-1", {}), machine("i-2", { associatePublicIpAddress: true })];

  test.each<[string, Planned[], (string | undefined)[][]]>([
    ["for a machine that had none", [bare, given(undefined, "i-1")], [["public address of i-1", "yes"]]],
    ["moved to such a one", [bare, open, given("i-2", "i-1")], [["public address of i-1", "yes"]]],
    ["for one that had one", [open, given(undefined, "i-2")], []],
    ["for a machine of others", [bare, given(undefined, "i-3")], [["public address of i-3", "yes"]]],
    ["for one that is new", [fresh, given(undefined, unknownValue)], [["public address of new", "yes"]]],
    [
      "for one of two that are new",
      [fresh, { ...fresh, name: "more" }, given(undefined, unknownValue)],
      [["public address of one of new, more", "yes"]],
    ],
    [
      "for one that is new and has one already",
      [{ ...fresh, after: { ...fresh.after, associatePublicIpAddress: true } }, given(undefined, unknownValue)],
      [["public address of new", "yes"]],
    ],
    [
      "for one that the components make",
      [
        { ...fresh, ...box },
        { ...given(undefined, unknownValue), ...boxAddress },
      ],
      [],
    ],
    [
      "for one that a program puts under the components' own",
      [
        { ...fresh, ...box },
        { ...fresh, ...byMachine },
        { ...given(undefined, unknownValue), ...byMachine },
      ],
      [["public address of new", "yes"]],
    ],
    ["for one that is made anew, as before", [anew({ publicIp: "203.0.113.1" }), given("i-4", unknownValue)], []],
    [
      "for one that is made anew and had none",
      [anew({}), given(undefined, unknownValue)],
      [["public address of i-4", "yes"]],
    ],
    [
      "for one that the preview does not show",
      [bare, given("i-1", unknownValue)],
      [["public address of (known later)", "yes"]],
    ],
    ["for nobody", [given("i-1", undefined)], []],
    [
      "on an interface",
      [{ type, name: "address", after: { domain: "vpc", networkInterface: "eni-1" } }],
      [["networkInterface of Eip address", "eni-1"]],
    ],
  ])("%s", (_, planned, expected) => expect(alarms(reviewed(...planned))).toEqual(expected));
});
