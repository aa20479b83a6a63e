import { describe, expect, test } from "vitest";
import { driftOutline } from "../../review/page/drift-outline.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { standingMachines } from "../support/declared-machines.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";

type Inputs = Record<string, unknown>;

const reviewed = (...planned: Planned[]) =>
  reportOfPreview({ stack: "prod", preview: readPreview(previewJson(planned), "it"), compared: "it" });
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
  ])("is no drift where it %s", (_, planned) => {
    const report = reviewed(...planned);
    expect([report.drift, report.exposure, exitCode(report)]).toEqual([[], [], 0]);
    expect(driftOutline(report)).toMatchObject({ headline: "No drift", exitCode: 0 });
  });

  test("of which the preview does not show what was found is named, and there is no clean bill", () => {
    const { seen: _, ...unseen } = group({});
    const report = reviewed(unseen, own);
    expect(driftOutline(report)).toMatchObject({ headline: "No drift in what the preview shows", exitCode: 0 });
    expect(note(report)).toBe("What was found of group this preview does not show; pulumi preview --show-sames does.");
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

  test("that has what the stack gives it is no drift", () => {
    const byId = { ...stays("aws:iam/rolePolicy:RolePolicy", "too", { role: "role-id" }), id: "role-id:too-1" };
    const inlinePolicies = [...usual.inlinePolicies, { name: "too-1", policy: "{}" }];
    const report = reviewed(role({ ...usual, inlinePolicies }), ...own, byId);
    expect([report.drift, exitCode(report)]).toEqual([[], 0]);
  });
});

test.each(standingMachines())(
  "the components' machines that stand as they were made are no drift: %s",
  (_, planned) => {
    const rules = planned.filter(({ type }) => /securityGroupIngressRule/.test(type));
    const ingress = (id: unknown) =>
      rules
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
      seen: { ...(/ec2\/(defaultS|s)ecurityGroup:/.test(one.type) && { ingress: ingress(one.id) }) },
    }));
    const report = reviewed(...looked);
    expect([report.drift, report.exposure, report.unseen]).toEqual([[], [], []]);
  },
);
