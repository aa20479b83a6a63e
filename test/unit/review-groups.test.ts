import { describe, expect, test } from "vitest";
import { type Report, verdictOf } from "../../review/report.ts";
import { unknownValue } from "../../review/values.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { machineGroup, sshRule, sshRules } from "../support/public-machine.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;

const exitCode = (report: Report) => verdictOf({ ...report, guardrails: undefined }).exitCode;
const told = ({ exposure }: Report) => exposure.map(({ effect, what, before, after }) => [effect, what, before, after]);
const [amazon, egress] = ["Ingress", "Egress"].map((way) => `aws:vpc/securityGroup${way}Rule:SecurityGroup${way}Rule`);
const older = "aws:ec2/securityGroupRule:SecurityGroupRule";
const group = "aws:ec2/securityGroup:SecurityGroup";
const stays = (type = "", name = "", inputs: Inputs = {}): Planned => ({
  ...{ type, name, id: `${name}-id`, before: inputs, after: inputs, seen: {} },
});
const goes = (type = "", name = "", before: Inputs = {}): Planned => ({ type, name, id: `${name}-id`, before });
const comes = (type = "", name = "", after: Inputs = {}): Planned => ({ type, name, after });
const rule = (cidrIpv4: string, more: Inputs = {}): Inputs => ({
  ...{ securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4 },
  ...more,
});
const listed = (...cidrBlocks: string[]) => ({ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks });
const [open, out] = ["open on machine-group", "open outwards on sg-1"];
const at = (range: string, ports = "port 22") => `${range} to ${ports}`;
const [whole, half, first, last] = ["198.51.0.0/16", "198.51.100.0/24", "198.51.100.0/25", "198.51.100.128/25"];
const world = "0.0.0.0/0";

describe("the ranges that the components' machine lets in to SSH, one rule each, where one", () => {
  test.each<[string, string[], string[], (string | undefined)[][]]>([
    [
      "is made smaller",
      [whole],
      [half],
      [
        ["neutral", open, undefined, at(half)],
        ["narrows", open, at(whole), undefined],
      ],
    ],
    [
      "is written as its halves",
      [half],
      [first, last],
      [
        ["neutral", open, undefined, at(first)],
        ["neutral", open, undefined, at(last)],
        ["neutral", open, at(half), undefined],
      ],
    ],
    ["is added inside one that stays", [whole], [whole, half], [["neutral", open, undefined, at(half)]]],
    ["is gone that lies in one that stays", [whole, half], [whole], [["neutral", open, at(half), undefined]]],
    [
      "is put in the place of one that only overlaps",
      [first, last],
      [half, "2001:db8::/48"],
      [
        ["neutral", open, undefined, at(half)],
        ["widens", open, undefined, at("2001:db8::/48")],
        ["neutral", open, at(first), undefined],
        ["neutral", open, at(last), undefined],
      ],
    ],
    [
      "is made wider than all there were",
      [first, last],
      [whole],
      [
        ["widens", open, undefined, at(whole)],
        ["neutral", open, at(first), undefined],
        ["neutral", open, at(last), undefined],
      ],
    ],
  ])("%s", (_, before, after, expected) => {
    const report = reviewed(...machineGroup, ...sshRules(before, after));
    expect(told(report)).toEqual(expect.arrayContaining(expected));
    expect(report.exposure).toHaveLength(expected.length);
    expect(exitCode(report)).toBe(expected.some(([effect]) => effect === "widens") ? 3 : 2);
  });

  test("has another name, says nothing", () => {
    const [gone] = sshRules([half], []) as [Planned];
    const report = reviewed(...machineGroup, gone, { ...gone, name: "other", before: undefined, after: gone.before });
    expect([report.exposure, report.unjudged, exitCode(report)]).toEqual([[], [], 2]);
  });

  test("stays, and the preview does not show it, is no reason to call anything the same, or narrower for certain", () => {
    const unshown = sshRules([whole], [whole]).map(({ seen: _, ...one }) => one);
    const report = reviewed(...machineGroup, ...unshown, ...sshRules([first], [half]));
    expect(told(report)).toEqual([
      ["widens", open, undefined, at(half)],
      ["neutral", open, at(first), undefined],
    ]);
    const [loss, seen] = [unshown, sshRules([whole], [whole])].map((rules) =>
      reviewed(...machineGroup, ...rules, ...sshRules([world], [])),
    );
    expect(loss?.exposure).toMatchObject([{ effect: "narrows", note: expect.stringContaining("--show-sames") }]);
    expect(seen?.exposure).toMatchObject([{ effect: "narrows" }]);
    expect(seen?.exposure[0]).not.toHaveProperty("note");
  });
});

describe("rules of one group", () => {
  const cases: [string, Planned[], (string | undefined)[][]][] = [
    [
      "of another one are none of its own",
      [goes(amazon, "a", rule(world)), comes(amazon, "b", rule(half, { securityGroupId: "sg-2" }))],
      [["open on sg-2", at(half)]],
    ],
    [
      "for what goes out let nobody in",
      [stays(egress, "a", rule(world)), comes(amazon, "b", rule(half))],
      [["open on sg-1", at(half)]],
    ],
    [
      "that let in let nothing out",
      [stays(amazon, "a", rule(world)), comes(egress, "b", rule(half))],
      [[out, at(half)]],
    ],
    [
      "for what goes out are one door, too",
      [stays(egress, "a", rule(world, { ipProtocol: "-1" })), comes(egress, "b", rule(half))],
      [],
    ],
    [
      "of the older type, with several ranges, are parted into newer ones",
      [
        goes(older, "a", { securityGroupId: "sg-1", type: "ingress", ...listed(first, whole) }),
        comes(amazon, "b", rule(first)),
        comes(amazon, "c", rule(whole)),
      ],
      [],
    ],
    [
      "of the older type have another name",
      [
        goes(older, "a", { securityGroupId: "sg-1", type: "ingress", ...listed(first, whole) }),
        comes(older, "b", { securityGroupId: "sg-1", type: "ingress", ...listed(whole, first) }),
      ],
      [],
    ],
    [
      "of the older type may lead out",
      [
        stays(older, "a", { securityGroupId: "sg-1", type: "egress", ...listed(world) }),
        comes(older, "b", { securityGroupId: "sg-1", type: "ingress", ...listed(half) }),
      ],
      [["open on sg-1", at(half)]],
    ],
    [
      "were in its own list",
      [
        { ...stays(group, "group", { vpcId: "v", ingress: [listed(whole)] }), after: { vpcId: "v" } },
        comes(amazon, "b", rule(half, { securityGroupId: "group-id" })),
      ],
      [],
    ],
    [
      "are beside its own list, which stays",
      [
        stays(group, "group", { vpcId: "v", ingress: [listed(whole)] }),
        comes(amazon, "b", rule(half, { securityGroupId: "group-id" })),
        comes(amazon, "c", rule(world, { securityGroupId: "group-id" })),
      ],
      [["open on group", at(world)]],
    ],
    [
      "hold the ports of another one together",
      [
        goes(amazon, "a", rule(half, { toPort: 24 })),
        comes(amazon, "b", rule(first, { toPort: 23 })),
        comes(amazon, "c", rule(last, { toPort: 22 })),
        comes(amazon, "d", rule(last, { fromPort: 23, toPort: 24 })),
      ],
      [],
    ],
    [
      "for two ports come to be one",
      [
        goes(amazon, "a", rule(half)),
        goes(amazon, "b", rule(half, { fromPort: 23, toPort: 23 })),
        comes(amazon, "c", rule(half, { toPort: 23 })),
        comes(amazon, "d", rule(half, { fromPort: 21, toPort: 23 })),
      ],
      [["open on sg-1", at(half, "ports 21-23")]],
    ],
    [
      "for ICMP have a type and a code, which are no first and last port",
      [
        goes(amazon, "a", rule(half, { ipProtocol: "icmp", fromPort: 3, toPort: 4 })),
        comes(amazon, "b", rule(half, { ipProtocol: "icmp", fromPort: 4, toPort: 4 })),
        comes(amazon, "c", rule(half, { ipProtocol: "icmp", fromPort: 8, toPort: 0 })),
      ],
      [
        ["open on sg-1", at(half, "icmp port 4")],
        ["open on sg-1", at(half, "icmp ports 8-0")],
      ],
    ],
    [
      "for all of ICMP hold each type of it",
      [
        stays(amazon, "a", rule(half, { ipProtocol: "icmp", fromPort: -1, toPort: -1 })),
        comes(amazon, "b", rule(half, { ipProtocol: "icmp", fromPort: 8, toPort: 0 })),
      ],
      [],
    ],
    [
      "with secret ranges are not taken for each other",
      [goes(amazon, "a", rule("[secret]")), comes(amazon, "b", rule("[secret]"))],
      [["open on sg-1", at("a secret")]],
    ],
    [
      "that are not known yet hold nothing",
      [stays(amazon, "a", rule("[secret]")), comes(amazon, "b", rule(unknownValue)), comes(amazon, "c", rule(half))],
      [
        ["open on sg-1", at(half)],
        ["open on sg-1", at("(known later)")],
      ],
    ],
    [
      "were opened by hand, which is no reason to open more",
      [
        { ...goes(amazon, "a", rule(world)), recorded: rule(first) },
        { ...stays(amazon, "b", rule(world)), recorded: rule(last) },
        comes(amazon, "c", rule(half)),
      ],
      [
        ["open on sg-1", at(world)],
        ["open on sg-1", at(half)],
      ],
    ],
    [
      "are put back beside what was opened by hand",
      [{ ...goes(amazon, "a", rule(world)), recorded: rule(first), after: rule(first) }],
      [],
    ],
  ];
  test.each(cases)("%s", (_, planned, expected) => {
    const report = reviewed(...planned);
    expect(alarms({ ...report, unjudged: [] })).toEqual(expected);
    if (expected.length === 0) expect(exitCode(report)).toBe(2);
  });
});

describe("a group's own list that the program gives no more", () => {
  const had = { ...stays(group, "group", { vpcId: "v", ingress: [listed(world)] }), after: { vpcId: "v" } };
  const isOpen = "open on group";

  test("is left by AWS's provider, so that nothing of it is lost", () => {
    const report = reviewed(had);
    expect(report.exposure).toEqual([
      { what: isOpen, before: at(world), effect: "neutral", note: expect.stringMatching(/^not lost: AWS's provider/) },
    ]);
    expect(exitCode(report)).toBe(2);
  });

  test.each<[string, Planned]>([
    ["named by the preview", { ...had, detail: { "ingress[0]": "delete" } }],
    ["named by it as a whole", { ...had, diffReasons: ["ingress"] }],
    ["given as an empty one", { ...had, after: { vpcId: "v", ingress: [] } }],
    ["the group's that is replaced", { ...had, replace: ["vpcId"] }],
    ["the group's that goes", goes(group, "group", had.before)],
  ])("is lost where it is %s", (_, planned) => {
    expect(told(reviewed(planned))).toEqual([["narrows", isOpen, at(world), undefined]]);
  });

  test("keeps what somebody has put into it, which is more than the last update left", () => {
    const found = { vpcId: "v", ingress: [listed(half), listed(world)] };
    const report = reviewed({ ...had, recorded: { vpcId: "v", ingress: [listed(half)] }, before: found });
    expect(told(report).filter(([effect]) => effect !== "neutral")).toEqual([["widens", isOpen, undefined, at(world)]]);
    expect(exitCode(report)).toBe(3);
  });

  test("is a reason for what a rule beside it opens to stay open, also where an update has nothing to do with the group", () => {
    const gone = goes(amazon, "a", rule(half, { securityGroupId: "group-id" }));
    for (const one of [had, { ...had, stays: true }])
      expect(told(reviewed(one, gone))).toContainEqual(["neutral", isOpen, at(half), undefined]);
  });
});

describe("a rule that moves to another group", () => {
  test.each<[string, Partial<Planned>]>([
    ["and is replaced for it", { replace: ["securityGroupId"] }],
    ["and is changed for it", {}],
  ])("%s, is gone from one and new in the other", (_, more) => {
    const report = reviewed({
      ...stays(amazon, "web", rule(world)),
      after: rule(world, { securityGroupId: "sg-2" }),
      ...more,
    });
    expect(told(report)).toEqual([
      ["narrows", "open on sg-1", at(world), undefined],
      ["widens", "open on sg-2", undefined, at(world)],
    ]);
  });

  test("that is known later is told so as well", () => {
    const after = rule(world, { securityGroupId: unknownValue });
    expect(alarms(reviewed({ ...stays(amazon, "web", rule(world)), after }))).toEqual([["open on web", at(world)]]);
  });
});

describe("a group whose id is known later", () => {
  const later = (cidr: string) => rule(cidr, { securityGroupId: unknownValue });
  const made = comes(group, "group", { vpcId: "v" });
  const again: Planned = { ...goes(group, "group", { vpcId: "v" }), after: { vpcId: "w" }, replace: ["vpcId"] };
  const before = rule(whole, { securityGroupId: "group-id" });

  test("is the one on which the property depends", () => {
    const rules = [half, first].map((cidr) => ({ ...comes(amazon, cidr, later(cidr)), group: made }));
    expect(alarms(reviewed(made, ...rules))).toEqual([
      ["open on group", at(half)],
      ["open on group", at(first)],
    ]);
  });

  test("is that of before where it is replaced", () => {
    const moved = { ...goes(amazon, "a", before), after: later(whole), replace: ["securityGroupId"] };
    expect(reviewed(again, { ...moved, group: again }).exposure).toEqual([]);
    // Nobody can tell that this is the same group.
    expect(alarms(reviewed(again, moved))).toEqual([["open on a", at(whole)]]);
    const smaller = [goes(amazon, "a", before), { ...comes(amazon, "b", later(half)), group: again }];
    expect(told(reviewed(again, ...smaller))).toEqual([
      ["neutral", "open on group", undefined, at(half)],
      ["narrows", "open on group", at(whole), undefined],
    ]);
  });

  test("is not one that stays, whose id is known", () => {
    const kept = stays(group, "group", { vpcId: "v" });
    const rules = [stays(amazon, "a", before), { ...comes(amazon, "b", later(half)), group: kept }];
    expect(alarms(reviewed(kept, ...rules))).toEqual([["open on b", at(half)]]);
  });
});

describe("each cloud's words count for its own types", () => {
  const firewall = "gcp:compute/firewall:Firewall";
  test.each<Inputs>([
    { disabled: true },
    { direction: "EGRESS" },
    { denies: [{ protocol: "tcp", ports: ["22"] }] },
    { allows: [] },
    { allows: [{ protocol: "tcp", ports: ["1"] }], sourceRanges: ["192.0.2.1/32"] },
    { type: "egress" },
    { ingress: [listed("192.0.2.1/32")] },
  ])("of AWS's: %j", (word) => {
    const outwards = stays(egress, "out", rule(world, { ipProtocol: "-1" }));
    const report = reviewed(outwards, comes(amazon, "it", { ...sshRule(world, { securityGroupId: "sg-1" }), ...word }));
    expect(alarms({ ...report, unjudged: [] })).toEqual([["open on sg-1", at(world)]]);
  });

  test.each<Inputs>([{ disabled: true }, { direction: "EGRESS" }, { allows: [{ protocol: "tcp" }] }])(
    "of AWS's, one that is not known there is told as not looked into: %j",
    (word) => expect(reviewed(comes(amazon, "it", { ...rule(world), ...word })).unjudged).toHaveLength(1),
  );

  test.each<Inputs>([{ cidrBlocks: ["192.0.2.1/32"] }, { type: "egress" }])("of Google's: %j", (word) => {
    const allows = [{ protocol: "tcp", ports: ["22"] }];
    const report = reviewed(comes(firewall, "it", { allows, ...word }));
    expect(report.exposure).toMatchObject([{ effect: "widens", what: "open on it", after: at(world) }]);
    expect(report.unjudged).not.toEqual([]);
  });
});
