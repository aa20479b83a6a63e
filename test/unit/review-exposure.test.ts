import { describe, expect, test } from "vitest";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { unknownValue } from "../../review/values.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";

type Inputs = Record<string, unknown> | undefined;
function exposure(type: string, before: Inputs, after: Inputs) {
  const preview = readPreview(previewJson([{ type, name: "it", before, after }]), "a preview");
  const report = reportOfPreview({ stack: "prod", preview, compared: "" });
  return report.exposure.map(({ effect, what, before: was, after: is }) => [effect, what, was, is]);
}

const google = "gcp:compute/firewall:Firewall";
const amazon = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const group = "aws:ec2/securityGroup:SecurityGroup";
const world = "0.0.0.0/0";
const ssh = { allows: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: ["203.0.113.0/24"] };
const barred = (...ports: string[]) => ({ denies: [{ protocol: "tcp", ports }], sourceRanges: [world] });
const rule = (fromPort: number, toPort: number, more: object = {}) => ({
  ...{ ipProtocol: "tcp", fromPort, toPort, cidrIpv4: "203.0.113.0/24" },
  ...more,
});
const [open, refused, behind, priority] = ["open on it", "refused on it", "machines behind it", "priority of it"];
const out = (what: string) => `${what} outwards on it`;
const all = "every machine of its network";

describe("a door", () => {
  test.each<[string, string, Inputs, Inputs, (string | undefined)[][]]>([
    ["for one tag, then for all", google, { ...ssh, targetTags: ["a"] }, ssh, [["widens", behind, "a", all]]],
    ["for all, then for one tag", google, ssh, { ...ssh, targetTags: ["a"] }, [["narrows", behind, all, "a"]]],
    [
      "for one more account",
      google,
      { ...ssh, targetServiceAccounts: ["a"] },
      { ...ssh, targetServiceAccounts: ["a", "b"] },
      [["widens", behind, "a", "a, b"]],
    ],
    [
      "for another tag",
      google,
      { ...ssh, targetTags: ["a"] },
      { ...ssh, targetTags: ["b"] },
      [["widens", behind, "a", "b"]],
    ],
    [
      "for the same tags in another order",
      google,
      { ...ssh, targetTags: ["a", "b"] },
      { ...ssh, targetTags: ["b", "a"] },
      [],
    ],
    [
      "that keeps out, for fewer machines",
      google,
      barred("22"),
      { ...barred("22"), targetTags: ["a"] },
      [["widens", behind, all, "a"]],
    ],
    [
      "that keeps out, for others",
      google,
      { ...barred("22"), targetTags: ["a"] },
      { ...barred("22"), targetTags: ["b"] },
      [["widens", behind, "a", "b"]],
    ],
    ["that comes first", google, ssh, { ...ssh, priority: 900 }, [["widens", priority, "1000", "900"]]],
    ["that comes last", google, { ...ssh, priority: 1 }, { ...ssh, priority: 2 }, [["narrows", priority, "1", "2"]]],
    ["with the priority written out that it has", google, ssh, { ...ssh, priority: 1000 }, []],
    [
      "that keeps out, behind others",
      google,
      { ...barred("22"), priority: 800 },
      { ...barred("22"), priority: 1001 },
      [["widens", priority, "800", "1001"]],
    ],
    [
      "that keeps out, before others",
      google,
      { ...barred("22"), priority: 800 },
      { ...barred("22"), priority: 799 },
      [["narrows", priority, "800", "799"]],
    ],
    ["that keeps out, new", google, undefined, barred("22"), [["narrows", refused, undefined, `${world} to port 22`]]],
    ["that keeps out, gone", google, barred("22"), undefined, [["widens", refused, `${world} to port 22`, undefined]]],
    [
      "that keeps out, switched off",
      google,
      barred("22"),
      { ...barred("22"), disabled: true },
      [["widens", refused, `${world} to port 22`, undefined]],
    ],
    [
      "that keeps out from fewer ports",
      google,
      barred("22-80"),
      barred("22"),
      [
        ["neutral", refused, undefined, `${world} to port 22`],
        ["widens", refused, `${world} to port 22-80`, undefined],
      ],
    ],
    [
      "that keeps out, and then lets in",
      google,
      barred("22"),
      { ...ssh, sourceRanges: [world] },
      [
        ["widens", open, undefined, `${world} to port 22`],
        ["widens", refused, `${world} to port 22`, undefined],
      ],
    ],
    [
      "that keeps in, new",
      google,
      undefined,
      { ...barred("22"), direction: "EGRESS" },
      [["narrows", out("refused"), undefined, `${world} to port 22`]],
    ],
    [
      "that keeps in, gone",
      google,
      { ...barred("22"), direction: "EGRESS" },
      undefined,
      [["unclear", out("refused"), `${world} to port 22`, undefined]],
    ],
    [
      "that keeps in, switched off",
      google,
      { ...barred("22"), direction: "EGRESS" },
      { ...barred("22"), direction: "EGRESS", disabled: true },
      [["unclear", out("refused"), `${world} to port 22`, undefined]],
    ],
    [
      "that keeps in, behind others",
      google,
      { ...barred("22"), direction: "EGRESS", priority: 800 },
      { ...barred("22"), direction: "EGRESS", priority: 1001 },
      [["unclear", priority, "800", "1001"]],
    ],
    [
      "that keeps in fewer of a machine's addresses",
      google,
      { ...barred("22"), direction: "EGRESS" },
      { ...barred("22"), direction: "EGRESS", sourceRanges: ["10.0.0.1/32"] },
      [["unclear", "addresses that go outwards on it", world, "10.0.0.1/32"]],
    ],
    [
      "that lets out to more",
      google,
      { allows: ssh.allows, direction: "EGRESS", destinationRanges: ["10.0.0.0/8"] },
      { allows: ssh.allows, direction: "EGRESS", destinationRanges: [world] },
      [
        ["unclear", out("open"), undefined, `${world} to port 22`],
        ["neutral", out("open"), "10.0.0.0/8 to port 22", undefined],
      ],
    ],
    [
      "that lets out to more, on AWS",
      egress,
      rule(443, 443),
      rule(443, 443, { cidrIpv4: world }),
      [
        ["unclear", out("open"), undefined, `${world} to port 443`],
        ["neutral", out("open"), "203.0.113.0/24 to port 443", undefined],
      ],
    ],
    [
      "that lets out to fewer",
      egress,
      rule(443, 443, { cidrIpv4: world }),
      rule(443, 443),
      [
        ["neutral", out("open"), undefined, "203.0.113.0/24 to port 443"],
        ["narrows", out("open"), `${world} to port 443`, undefined],
      ],
    ],
    [
      "that lets out, new",
      "aws:ec2/securityGroupRule:SecurityGroupRule",
      undefined,
      { type: "egress", protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [world] },
      [["unclear", out("open"), undefined, `${world} to every port`]],
    ],
    [
      "that lets out, gone",
      egress,
      rule(443, 443),
      undefined,
      [["narrows", out("open"), "203.0.113.0/24 to port 443", undefined]],
    ],
    [
      "that lets out, with other words",
      egress,
      { ...rule(1, 1), description: "a" },
      { ...rule(1, 1), description: "b" },
      [],
    ],
    [
      "for fewer ports",
      amazon,
      rule(22, 23),
      rule(22, 22),
      [
        ["narrows", open, "203.0.113.0/24 to ports 22-23", undefined],
        ["neutral", open, undefined, "203.0.113.0/24 to port 22"],
      ],
    ],
    [
      "for more ports",
      amazon,
      rule(22, 22),
      rule(22, 23),
      [
        ["neutral", open, "203.0.113.0/24 to port 22", undefined],
        ["widens", open, undefined, "203.0.113.0/24 to ports 22-23"],
      ],
    ],
    [
      "for fewer ports of a list, and a group's members",
      google,
      { allows: [{ protocol: "tcp", ports: ["22", "80-90"] }], sourceTags: ["a"] },
      { allows: [{ protocol: "tcp", ports: ["85"] }], sourceTags: ["a"] },
      [
        ["narrows", open, "a to port 22, 80-90", undefined],
        ["neutral", open, undefined, "a to port 85"],
      ],
    ],
    [
      "for every port, then for UDP",
      amazon,
      rule(0, 0, { ipProtocol: "-1" }),
      rule(53, 53, { ipProtocol: "udp" }),
      [
        ["narrows", open, "203.0.113.0/24 to every port", undefined],
        ["neutral", open, undefined, "203.0.113.0/24 to udp port 53"],
      ],
    ],
    [
      "for fewer ports and more addresses",
      amazon,
      rule(22, 23),
      rule(22, 22, { cidrIpv4: world }),
      [
        ["narrows", open, "203.0.113.0/24 to ports 22-23", undefined],
        ["widens", open, undefined, `${world} to port 22`],
      ],
    ],
    [
      "for the same port of another protocol",
      group,
      { ingress: [{ protocol: "tcp", fromPort: 50, toPort: 60, cidrBlocks: [world] }] },
      { ingress: [{ protocol: "udp", fromPort: 53, toPort: 53, cidrBlocks: [world] }] },
      [
        ["narrows", open, `${world} to ports 50-60`, undefined],
        ["widens", open, undefined, `${world} to udp port 53`],
      ],
    ],
  ])("%s", (_, type, before, after, expected) => expect(exposure(type, before, after)).toEqual(expected));
});

// What the engine writes where a value is not known before the update.
const later = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

describe("what is not known before the update is not comparable: a door", () => {
  const let_in = { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8"] };
  const inside = { ingress: [let_in] };
  const untold = (what: string) => ["unclear", what, undefined, "(known later)"];
  test.each<[string, string, Inputs, Inputs, (string | undefined)[][]]>([
    ["whose list is not known", group, inside, { ingress: later }, [untold(open)]],
    ["that is new, with such a list", group, undefined, { ingress: later }, [untold(open)]],
    ["whose list is a secret", group, inside, { ingress: "[secret]" }, [untold(open)]],
    ["whose list stays a secret", group, { ingress: "[secret]" }, { ingress: "[secret]", description: "b" }, []],
    [
      "of which one rule is not known, and another one is",
      group,
      inside,
      { ingress: [later, { ...let_in, cidrBlocks: [world] }] },
      [["widens", open, undefined, `${world} to port 22`], untold(open)],
    ],
    ["of Google's", google, ssh, { ...ssh, allows: later }, [untold(open)]],
    ["that keeps out", google, barred("22"), { ...barred(), denies: later }, [untold(refused)]],
    [
      "that keeps out, from such ports",
      google,
      barred("22"),
      { ...barred(), denies: [{ protocol: "tcp", ports: later }] },
      [["narrows", refused, undefined, `${world} to every port of TCP`], untold(refused)],
    ],
    ["that keeps out, unless it is off", google, barred("22"), { ...barred("22"), disabled: later }, [untold(refused)]],
  ])("%s", (_, type, before, after, expected) => expect(exposure(type, before, after)).toEqual(expected));

  test("its ports are not shown as the engine writes them", () => {
    const ports = { allows: [{ protocol: later, ports: [later] }], sourceRanges: [world] };
    expect(JSON.stringify(exposure(google, ssh, ports))).not.toContain(later);
  });

  test.each<[string, string, Inputs, Inputs]>([
    [
      "its interfaces",
      "gcp:compute/instance:Instance",
      { networkInterfaces: [{ accessConfigs: [{}] }] },
      { networkInterfaces: later },
    ],
    [
      "its addresses",
      "gcp:compute/instance:Instance",
      { networkInterfaces: [{ accessConfigs: [{}] }] },
      { networkInterfaces: [{ accessConfigs: later }] },
    ],
    ["on AWS", "aws:ec2/instance:Instance", { associatePublicIpAddress: true }, { associatePublicIpAddress: later }],
  ])("nor a machine's public address: %s", (_, type, before, after) => {
    expect(exposure(type, before, after)).toEqual([["unclear", "public address of it", "yes", "(known later)"]]);
  });
});

test.each(["10.0.0.0/y", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8/9", "fe80::1%eth0/64"])(
  "a range that nobody can read is not comparable: %s",
  (range) => {
    const of = (...cidrBlocks: string[]) => ({ ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks }] });
    expect(exposure(group, of("10.0.0.0/8"), of("10.0.0.0/8", range))).toEqual([
      ["unclear", open, undefined, `${range} to port 22`],
    ]);
    expect(exposure(group, of(range), of("10.0.0.0/8"))).toEqual([
      ["widens", open, undefined, "10.0.0.0/8 to port 22"],
      ["unclear", open, `${range} to port 22`, undefined],
    ]);
  },
);

describe("a machine", () => {
  const machine = (more: object, accessConfigs?: object[]) => ({
    networkInterfaces: [{ network: "n", ...(accessConfigs && { accessConfigs }) }],
    ...more,
  });
  test.each<[string, string, Inputs, Inputs, (string | undefined)[][]]>([
    [
      "that gets a public address",
      "gcp:compute/instance:Instance",
      machine({}, []),
      machine({}, [{}]),
      [["widens", "public address of it", "no", "yes"]],
    ],
    [
      "that loses it",
      "aws:ec2/instance:Instance",
      { associatePublicIpAddress: true },
      {},
      [["narrows", "public address of it", "yes", "no"]],
    ],
    [
      "with another network tag",
      "gcp:compute/instance:Instance",
      machine({ tags: ["a"] }),
      machine({ tags: ["b"] }),
      [
        ["unclear", "rules for it", undefined, "b"],
        ["unclear", "rules for it", "a", undefined],
      ],
    ],
    [
      "in one more security group",
      "aws:ec2/instance:Instance",
      { vpcSecurityGroupIds: ["sg-1"], tags: { a: "b" } },
      { vpcSecurityGroupIds: ["sg-1", "sg-2"], tags: { a: "c" } },
      [["unclear", "rules for it", undefined, "sg-2"]],
    ],
    [
      "that is new, with a public address and no door of its own",
      "gcp:compute/instance:Instance",
      undefined,
      machine({}, [{}]),
      [["widens", "public address of it", undefined, "yes"]],
    ],
    [
      "that is new, with one or none, on AWS",
      "aws:ec2/instance:Instance",
      undefined,
      { associatePublicIpAddress: later },
      [["unclear", "public address of it", undefined, "(known later)"]],
    ],
    ["that is new, without one", "gcp:compute/instance:Instance", undefined, machine({}, []), []],
    [
      "that is new, behind rules of others",
      "gcp:compute/instance:Instance",
      undefined,
      machine({ tags: ["a"] }, []),
      [["unclear", "rules for it", undefined, "a"]],
    ],
    [
      "that is new, and somebody else in the cloud",
      "aws:ec2/instance:Instance",
      undefined,
      { iamInstanceProfile: "Admin", vpcSecurityGroupIds: ["sg-open"] },
      [
        ["unclear", "rules for it", undefined, "sg-open"],
        ["unclear", "whom it is in the cloud", undefined, "Admin"],
      ],
    ],
  ])("%s", (_, type, before, after, expected) => expect(exposure(type, before, after)).toEqual(expected));
});

test("what a preview does not tell inside a rule is not told as lost", () => {
  const inside = (change: object) => ({
    ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8"], ...change }],
  });
  for (const change of [{ cidrBlocks: [unknownValue] }, { fromPort: unknownValue }])
    expect(exposure(group, inside({}), inside(change)).filter(([effect]) => effect === "narrows")).toEqual([]);
});

describe("what a machine may do in its cloud, which nobody here judges", () => {
  const policy = (...Action: string[]) => ({ policy: { Statement: [{ Effect: "Allow", Action, Resource: "*" }] } });
  const planned = (type: string, before: object | undefined, after: object | undefined): Planned => ({
    type,
    name: "host-may",
    before: before && { ...before },
    after: after && { ...after },
  });
  const instance = (values: object) => ({ machineType: "g2-standard-8", ...values });

  test.each<[string, Planned, 0 | 2 | 3]>([
    ["more actions", planned("aws:iam/rolePolicy:RolePolicy", policy("ssm:A"), policy("ssm:A", "s3:*")), 3],
    ["other statements", planned("aws:iam/rolePolicy:RolePolicy", policy("ssm:A", "s3:*"), policy("ssm:A")), 3],
    [
      "a policy that is attached",
      planned("aws:iam/rolePolicyAttachment:RolePolicyAttachment", undefined, {
        policyArn: "arn:aws:iam::aws:policy/X",
      }),
      3,
    ],
    ["a role", planned("gcp:projects/iAMMember:IAMMember", { role: "roles/viewer" }, { role: "roles/owner" }), 3],
    [
      "scopes of a machine",
      planned(
        "gcp:compute/instance:Instance",
        instance({ serviceAccount: { scopes: ["logging-write"] } }),
        instance({ serviceAccount: { scopes: ["cloud-platform"] } }),
      ),
      3,
    ],
    [
      "keys in a machine's metadata",
      planned(
        "gcp:compute/instance:Instance",
        instance({}),
        instance({ metadata: { "ssh-keys": "me:ssh-ed25519 A" } }),
      ),
      3,
    ],
    ["another label of a machine", planned("gcp:compute/instance:Instance", instance({}), instance({ labels: {} })), 2],
    [
      "what a tunnel leads to",
      planned(
        "nemoclaw:host:CloudflareTunnel",
        { kind: "named", hostname: "a.example.com", origin: { host: "127.0.0.1", port: 8090 } },
        { kind: "named", hostname: "a.example.com", origin: { host: "127.0.0.1", port: 22 } },
      ),
      3,
    ],
  ])("%s", (_, change, exitCode) => {
    const preview = readPreview(previewJson([change]), "it");
    expect(verdictOf(reportOfPreview({ stack: "prod", preview, compared: "it" })).exitCode).toBe(exitCode);
  });
});
