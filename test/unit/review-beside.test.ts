import { describe, expect, test } from "vitest";
import { driftOutline } from "../../review/page/drift-outline.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { standingMachines } from "../support/declared-machines.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;

const exitCode = (report: Report) => verdictOf({ ...report, guardrails: undefined }).exitCode;
const drifted = ({ drift = [] }: Report) =>
  drift.flatMap(({ name, values }) =>
    values.map(({ path, before, after, update }) => [name, path, before, after, update]),
  );
const note = (report: Report) => outlineOf(report).sections.find(({ title }) => title === "Drift")?.note;

/** A resource that stays; the look has found these outputs. */
const stays = (type: string, name: string, inputs: Inputs, seen: Inputs | undefined = {}): Planned => ({
  ...{ type, name, id: `${name}-id`, before: inputs, after: inputs, seen },
});
const group = (seen: Inputs, inputs: Inputs = { vpcId: "v" }) =>
  stays("aws:ec2/securityGroup:SecurityGroup", "group", inputs, seen);
const rule = (name: string, inputs: Inputs) =>
  stays("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name, { securityGroupId: "group-id", ...inputs });
const ssh = { fromPort: 22, toPort: 22, protocol: "tcp" };
const own = rule("ssh", { fromPort: 22, toPort: 22, ipProtocol: "tcp", cidrIpv4: "10.0.0.0/8" });
const asWritten = { ...ssh, cidrBlocks: ["10.0.0.0/8"], ipv6CidrBlocks: [], securityGroups: [], self: false };
const evil = { ...asWritten, cidrBlocks: ["0.0.0.0/0"] };

describe("a security group", () => {
  test("into which somebody has put a rule beside the stack's own ones is told, as open and as drift that stays", () => {
    const report = reviewed(group({ ingress: [asWritten, evil] }), own);
    expect(report.exposure).toMatchObject([
      {
        what: "open on group",
        after: "0.0.0.0/0 to port 22",
        effect: "widens",
        note: expect.stringMatching(/leaves it/),
      },
    ]);
    expect(drifted(report)).toEqual([["group", "ingress", undefined, "0.0.0.0/0 to port 22", "leaves"]]);
    expect([exitCode(report), verdictOf(report).headline]).toEqual([3, "Widens access"]);
    expect(driftOutline(report)).toMatchObject({ headline: "One thing has changed without an update", exitCode: 2 });
    expect(note(report)).toBe("What an update leaves so is taken away where it was made.");
  });

  test("is told so where the stack has such a rule for what goes out alone", () => {
    const out = { ...ssh, securityGroupId: "group-id", type: "egress", cidrBlocks: ["10.0.0.0/8"] };
    const report = reviewed(
      group({ ingress: [asWritten] }),
      stays("aws:ec2/securityGroupRule:SecurityGroupRule", "out", out),
    );
    expect(drifted(report)).toEqual([["group", "ingress", undefined, "10.0.0.0/8 to port 22", "leaves"]]);
  });

  test("is told so also while an update changes something else of it, and undoes other drift", () => {
    const named = { ...group({ ingress: [evil] }), after: { vpcId: "v", tags: { a: "b" } } };
    const report = reviewed({ ...named, recorded: { vpcId: "v", tags: { a: "b" } } });
    expect(drifted(report)).toEqual([
      ["group", "tags", { a: "b" }, undefined, "restores"],
      ["group", "ingress", undefined, "0.0.0.0/0 to port 22", "leaves"],
    ]);
    expect(note(report)).toMatch(/^An update makes this what the code says.*What an update leaves so/);
  });

  test.each<[string, Planned[]]>([
    ["has the stack's own rules, as the cloud writes them", [group({ ingress: [asWritten] }), own]],
    ["has less than the stack's own rules", [group({ ingress: [{ ...asWritten, cidrBlocks: ["10.1.0.0/16"] }] }), own]],
    ["has none, and is written as the cloud does", [group({ ingress: [], arn: "arn:1", revokeRulesOnDelete: false })]],
    [
      "lets in its own members by a rule of the stack's",
      [
        group({ ingress: [{ ...asWritten, cidrBlocks: [], self: true }] }),
        rule("members", { fromPort: 22, toPort: 22, ipProtocol: "tcp", referencedSecurityGroupId: "group-id" }),
      ],
    ],
    [
      "has a rule of the stack's in the older form",
      [
        group({ ingress: [asWritten] }),
        stays("aws:ec2/securityGroupRule:SecurityGroupRule", "older", {
          ...{ securityGroupId: "group-id", type: "ingress", fromPort: 22, toPort: 22, protocol: "tcp" },
          cidrBlocks: ["10.0.0.0/8"],
        }),
      ],
    ],
    [
      "has the program's own list, of which a provider names what was added",
      [group({ ingress: [asWritten, evil] }, { vpcId: "v", ingress: [asWritten] })],
    ],
    [
      "lets in its own members by a rule of the stack's in the older form",
      [
        group({ ingress: [{ ...asWritten, cidrBlocks: [], self: true }] }),
        stays("aws:ec2/securityGroupRule:SecurityGroupRule", "older", {
          ...{ ...ssh, securityGroupId: "group-id", type: "ingress", sourceSecurityGroupId: "group-id" },
        }),
      ],
    ],
    [
      "has a rule of the stack's whose protocol is written as a number",
      [
        group({ ingress: [{ fromPort: -1, toPort: -1, protocol: "icmpv6", ipv6CidrBlocks: ["fd00::/8"] }] }),
        rule("echo", { fromPort: -1, toPort: -1, ipProtocol: "58", cidrIpv6: "fd00::/8" }),
      ],
    ],
    [
      "has what it had before the look, whoever made it",
      [{ ...group({ ingress: [evil] }), kept: { ingress: [evil] } }],
    ],
    [
      "has the stack's own rules for what goes out",
      [
        group({ egress: [asWritten, { ...ssh, cidrBlocks: ["10.1.0.0/16"] }] }),
        stays("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "out", {
          ...{ fromPort: 22, toPort: 22, ipProtocol: "tcp", cidrIpv4: "10.0.0.0/8", securityGroupId: "group-id" },
        }),
      ],
    ],
  ])("is no drift where it %s", (_, planned) => {
    const report = reviewed(...planned);
    expect([report.drift, report.exposure, exitCode(report)]).toEqual([[], [], 0]);
    expect(driftOutline(report)).toMatchObject({ headline: "No drift", exitCode: 0 });
  });

  test("is told of what somebody has put there for what goes out", () => {
    const report = reviewed(group({ egress: [asWritten] }), own);
    expect(report.exposure).toMatchObject([{ what: "open outwards on group", effect: "unclear" }]);
    expect(drifted(report)).toEqual([["group", "egress", undefined, "10.0.0.0/8 to port 22", "leaves"]]);
    expect(exitCode(report)).toBe(3);
  });

  const goes = ({ after: _, seen: __, ...one }: Planned): Planned => one;
  const half = rule("half", { fromPort: 22, toPort: 22, ipProtocol: "tcp", cidrIpv4: "10.0.0.0/9" });
  const { before: _before, seen: _seen, ...made } = half;

  test.each<[string, Planned[]]>([
    ["deleted", [goes(own)]],
    ["replaced", [{ ...own, after: { ...own.after, region: "r" }, replace: ["region"] }]],
    ["renamed", [goes(own), { ...made, name: "other", after: own.after }]],
    ["made half as wide", [goes(own), made]],
  ])("of which an own rule is %s, and is still found in it, has no drift", (_, planned) => {
    const report = reviewed(group({ ingress: [asWritten] }), ...planned);
    const { exposure, drift } = report;
    expect(exposure.filter(({ effect, what }) => effect === "widens" && what === "open on group")).toEqual([]);
    expect(drift).toEqual([]);
  });

  test("is told once of what a provider names, as undone", () => {
    const named = group({ ingress: [evil] }, { vpcId: "v", ingress: [] });
    const report = reviewed({ ...named, detail: { "ingress[0]": "delete" } });
    expect(drifted(report).map(([, path, , , update]) => [path, update])).toEqual([["ingress", "restores"]]);
    expect(report.exposure.filter(({ effect }) => effect === "widens")).toEqual([]);
  });

  test("of which the preview does not show what was found is named, and there is no clean bill", () => {
    const { seen: _, ...unseen } = group({});
    const report = reviewed(unseen, own);
    expect(driftOutline(report)).toMatchObject({ headline: "No drift in what the preview shows", exitCode: 0 });
    expect(note(report)).toBe("What was found of group this preview does not show; pulumi preview --show-sames does.");
    for (const outline of [outlineOf(report), driftOutline(report)])
      expect(markdownOf(outline)).toContain("What was found of group this preview does not show");
  });
});

describe("a role", () => {
  const role = (seen: Inputs) => stays("aws:iam/role:Role", "role", { assumeRolePolicy: "{}" }, seen);
  const own = [
    stays("aws:iam/rolePolicy:RolePolicy", "may", { role: "role-id", policy: "{}" }, { name: "may-1" }),
    stays("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "reads", { role: "role-id", policyArn: "arn:reads" }),
  ];
  const usual = { managedPolicyArns: ["arn:reads"], inlinePolicies: [{ name: "may-1", policy: "{}" }] };

  test("to which somebody has given more is told", () => {
    const more = { managedPolicyArns: ["arn:reads", "arn:admin"], inlinePolicies: [{ name: "evil", policy: "{}" }] };
    const report = reviewed(role(more), ...own);
    expect(drifted(report)).toEqual([
      ["role", "managedPolicyArns", undefined, "arn:admin", "leaves"],
      ["role", "inlinePolicies", undefined, "evil", "leaves"],
    ]);
    expect(exitCode(report)).toBe(3);
  });

  test.each(own)("from which one of the stack's own is taken, and has it still, is no drift: $name", (one) => {
    const { after: _, ...gone } = one;
    expect(reviewed(role(usual), ...own.filter((other) => other !== one), gone).drift).toEqual([]);
  });

  test("is told of what was not so before the look alone", () => {
    const [known, evil] = ["known", "evil"].map((name) => ({ name, policy: "{}" }));
    const kept = { managedPolicyArns: ["arn:known"], inlinePolicies: [known, evil] };
    const seen = { managedPolicyArns: ["arn:known"], inlinePolicies: [known, { ...evil, policy: '{"a":"b"}' }] };
    expect(drifted(reviewed({ ...role(seen), kept }))).toEqual([
      ["role", "inlinePolicies", undefined, "evil", "leaves"],
    ]);
  });

  test("that has what the stack gives it is no drift", () => {
    const byId = { ...stays("aws:iam/rolePolicy:RolePolicy", "too", { role: "role-id" }), id: "role-id:too-1" };
    const inlinePolicies = [...usual.inlinePolicies, { name: "too-1", policy: "{}" }];
    const report = reviewed(role({ ...usual, inlinePolicies }), ...own, byId);
    expect([report.drift, exitCode(report)]).toEqual([[], 0]);
  });
});

describe("a machine", () => {
  const type = "aws:ec2/instance:Instance";
  const vm = (inputs: Inputs, kept: Inputs, seen: Inputs): Planned => ({ ...stays(type, "vm", inputs, seen), kept });

  test("that was given a profile by hand, where the program gives none, is told", () => {
    const report = reviewed(vm({ ami: "a" }, { iamInstanceProfile: "" }, { iamInstanceProfile: "admin" }));
    expect(report.exposure).toMatchObject([{ what: "iamInstanceProfile of vm", after: "admin", effect: "unclear" }]);
    expect(drifted(report)).toEqual([["vm", "iamInstanceProfile", "", "admin", "leaves"]]);
    expect([exitCode(report), driftOutline(report).exitCode]).toEqual([3, 2]);
  });

  test("is told of a part that the program does not give, and of its groups once", () => {
    const outputs = (hops: number, names: string[]) => ({
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: hops },
      vpcSecurityGroupIds: names.map((name) => `sg-${name}`),
      securityGroups: names,
    });
    const [had, seen] = [outputs(1, ["1"]), outputs(5, ["1", "2"])];
    expect(drifted(reviewed(vm({ metadataOptions: { httpTokens: "required" } }, had, seen)))).toEqual([
      ["vm", "metadataOptions.httpPutResponseHopLimit", "1", "5", "leaves"],
      ["vm", "vpcSecurityGroupIds", '["sg-1"]', '["sg-1","sg-2"]', "leaves"],
    ]);
  });

  test.each<[string, Planned]>([
    ["has started again", vm({}, { publicIp: "1.1.1.1" }, { publicIp: "2.2.2.2" })],
    [
      "has a part written out that an older provider did not write",
      vm(
        {},
        { metadataOptions: { httpTokens: "required" } },
        { metadataOptions: { httpTokens: "required", httpProtocolIpv6: "disabled" } },
      ),
    ],
    ["has the profile that it had", vm({}, { iamInstanceProfile: "a" }, { iamInstanceProfile: "a" })],
    [
      "has lost a profile that the program does not give",
      vm({}, { iamInstanceProfile: "a" }, { iamInstanceProfile: "" }),
    ],
    [
      "is found with groups that it is given by their names",
      vm({ securityGroups: ["a"] }, {}, { vpcSecurityGroupIds: ["b"] }),
    ],
  ])("that %s is no drift", (_, planned) => {
    const report = reviewed(planned);
    expect([report.drift, report.exposure]).toEqual([[], []]);
  });

  test("whose profile an update takes away, which the provider names, is told once", () => {
    const given = vm({ ami: "a" }, { iamInstanceProfile: "" }, { iamInstanceProfile: "admin" });
    const report = reviewed({ ...given, detail: { iamInstanceProfile: "delete" } });
    expect(drifted(report)).toEqual([["vm", "iamInstanceProfile", undefined, "admin", "restores"]]);
  });

  test("of which the preview does not show what was found is named", () => {
    const { seen: _, ...unseen } = vm({}, {}, {});
    expect(reviewed(unseen).unseen).toEqual(["vm"]);
  });
});

test.each(standingMachines())(
  "the components' machines that stand as they were made are no drift: %s",
  (_, planned) => {
    const listed = (types: RegExp, id: unknown) =>
      planned
        .filter(({ type }) => types.test(type))
        .map(({ before = {} }) => before)
        .filter(({ securityGroupId }) => securityGroupId === id)
        .map(({ cidrIpv4, cidrIpv6, ipProtocol, referencedSecurityGroupId, ...ports }) => ({
          ...ports,
          protocol: ipProtocol,
          cidrBlocks: [cidrIpv4 ?? []].flat(),
          ipv6CidrBlocks: [cidrIpv6 ?? []].flat(),
          securityGroups: [referencedSecurityGroupId ?? []].flat(),
        }));
    const looked = planned.map((one) => ({
      ...one,
      seen: {
        ...(/ec2\/(defaultS|s)ecurityGroup:/.test(one.type) && {
          ingress: listed(/securityGroupIngressRule/, one.id),
          egress: listed(/securityGroupEgressRule/, one.id),
        }),
      },
    }));
    const report = reviewed(...looked);
    expect([report.drift, report.exposure, report.unseen]).toEqual([[], [], []]);
  },
);
