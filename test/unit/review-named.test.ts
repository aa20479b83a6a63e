import { describe, expect, test } from "vitest";
import { type Piece, piecesOf } from "../../review/page/cell.ts";
import { driftOutline } from "../../review/page/drift-outline.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import type { Planned } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;
const rowsOf = (report: Report, title: string) =>
  outlineOf(report).sections.flatMap((one) => (one.title === title ? one.tables.flatMap(({ rows }) => rows) : []));
const why = (report: Report) => rowsOf(report, "What happens").map((row) => row.at(-1));
const properties = (report: Report) =>
  rowsOf(report, "Every property").map((row) => row.slice(1).map((cell) => piecesOf(cell).map(textOf).join("")));
const textOf = (piece: Piece) => (typeof piece === "string" ? piece : piece.code);
const exitCode = (report: Report) => verdictOf({ ...report, guardrails: undefined }).exitCode;
const alarms = ({ exposure, unjudged }: Report) =>
  [...exposure, ...unjudged]
    .filter(({ effect }) => effect === "widens" || effect === "unclear")
    .map(({ what, before, after }) => [what, before, after]);
const drifted = ({ drift = [] }: Report) =>
  drift.flatMap(({ values }) => values.map((one) => [one.path, one.before, one.after, one.update]));

/** A resource whose inputs the look has not changed, as the providers of clouds leave them, and of whose outputs it has. */
const byHand = (type: string, inputs: Inputs, seen: Inputs, detail: Planned["detail"]): Planned => ({
  ...{ type, name: "one", before: inputs, after: inputs, seen, detail },
});
const vm = "gcp:compute/instance:Instance";
const ec2 = "aws:ec2/instance:Instance";
const firewall = "gcp:compute/firewall:Firewall";
const role = "aws:iam/role:Role";
const door = { allows: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: ["203.0.113.0/24"] };
const metadata = { "enable-oslogin": "FALSE" };

describe("what was changed by hand where the program says nothing, so that no input shows it", () => {
  const keys = byHand(
    vm,
    { metadata },
    { metadata: { ...metadata, "ssh-keys": "me:ssh-ed25519 A" } },
    {
      'metadata["ssh-keys"]': "delete",
    },
  );
  const group = byHand(
    ec2,
    { vpcSecurityGroupIds: ["sg-1"] },
    { vpcSecurityGroupIds: ["sg-2", "sg-1"] },
    {
      "vpcSecurityGroupIds[0]": "delete",
    },
  );

  test.each<[string, Planned, unknown[], string[], unknown[]]>([
    ["a key that may log in", keys, ["metadata.ssh-keys", undefined, "me:ssh-ed25519 A"], ["me:ssh-ed25519 A"], []],
    ["a security group", group, ["vpcSecurityGroupIds[0]", undefined, "sg-2"], ["sg-2"], []],
    [
      "a door that was shut: the update opens it",
      byHand(firewall, door, { disabled: true }, ["disabled"]),
      ["disabled", undefined, true],
      ["true"],
      [["open on one", undefined, "203.0.113.0/24 to port 22"]],
    ],
    [
      "a door that was opened wider: the update only takes away",
      byHand(firewall, door, { sourceRanges: ["203.0.113.0/24", "0.0.0.0/0"] }, { "sourceRanges[1]": "delete" }),
      ["sourceRanges", ["203.0.113.0/24"], ["203.0.113.0/24", "0.0.0.0/0"]],
      ['["203.0.113.0/24","0.0.0.0/0"]', '["203.0.113.0/24"]'],
      [],
    ],
    [
      "an account that was shut",
      byHand("gcp:serviceaccount/account:Account", { accountId: "a" }, { disabled: true }, ["disabled"]),
      ["disabled", undefined, true],
      ["true"],
      [["disabled of Account one", "true", undefined]],
    ],
    [
      "tags for rules, of which one may keep somebody out",
      byHand(vm, { machineType: "g2" }, { tags: ["kept-out"] }, { tags: "delete" }),
      ["tags", undefined, ["kept-out"]],
      ['["kept-out"]'],
      [["rules for one", "kept-out", undefined]],
    ],
    [
      "what nobody looks into, of a type that is looked into",
      byHand(
        "aws:iam/role:Role",
        { assumeRolePolicy: "{}" },
        { permissionsBoundary: "arn:b" },
        {
          permissionsBoundary: "delete",
        },
      ),
      ["permissionsBoundary", undefined, "arn:b"],
      ["arn:b"],
      [["permissionsBoundary of Role one", "arn:b", undefined]],
    ],
    [
      "a part of what the program gives, that nobody looks into",
      byHand(
        ec2,
        { metadataOptions: { httpTokens: "required" } },
        { metadataOptions: { httpTokens: "required", instanceMetadataTags: "disabled" } },
        { "metadataOptions.instanceMetadataTags": "delete" },
      ),
      ["metadataOptions.instanceMetadataTags", undefined, "disabled"],
      ["disabled"],
      [["metadataOptions.instanceMetadataTags of machine one", "disabled", undefined]],
    ],
    [
      "an address of a machine's second door, inside a list",
      byHand(
        vm,
        { networkInterfaces: [{ subnetwork: "s" }] },
        { networkInterfaces: [{ subnetwork: "s", name: "nic0", accessConfigs: [{ natIp: "203.0.113.7" }] }] },
        { "networkInterfaces[0].accessConfigs[0]": "delete" },
      ),
      ["networkInterfaces", [{ subnetwork: "s" }], [{ subnetwork: "s", accessConfigs: [{ natIp: "203.0.113.7" }] }]],
      ['[{"subnetwork":"s","accessConfigs":[{"natIp":"203.0.113.7"}]}]', '[{"subnetwork":"s"}]'],
      [],
    ],
  ])("is told, and is drift that the update undoes: %s", (_, planned, drift, [found, then = "nothing"], told) => {
    const report = reviewed(planned);
    expect(drifted(report)).toEqual([[...drift, "restores"]]);
    expect([drift[0], String(drift[0]).split(".")[0]]).toContain(why(report)[0]);
    expect(properties(report)).toEqual([[drift[0], found, then]]);
    expect(alarms(report)).toEqual(told);
    expect(exitCode(report)).toBe(told.length > 0 ? 3 : 2);
    expect(driftOutline(report)).toMatchObject({ headline: "One thing has changed without an update", exitCode: 2 });
  });

  test("with a secret in it, by its name alone", () => {
    const report = reviewed(
      byHand(vm, { metadata }, { metadata: "[secret]" }, { 'metadata["startup-script"]': "delete" }),
    );
    expect(drifted(report)).toEqual([["metadata.startup-script", undefined, "[secret]", "restores"]]);
    expect(properties(report)).toEqual([["metadata.startup-script", "a secret", "nothing"]]);
    expect(exitCode(report)).toBe(3);
  });

  test("beside what the code changes of the same list", () => {
    const groups = { vpcSecurityGroupIds: ["sg-1", "sg-3"] };
    const report = reviewed({
      ...{ ...group, after: groups, seen: { vpcSecurityGroupIds: ["sg-1", "sg-evil"] } },
      detail: { "vpcSecurityGroupIds[1]": "update" },
    });
    expect(drifted(report)).toEqual([["vpcSecurityGroupIds[1]", undefined, "sg-evil", "restores"]]);
    expect(alarms(report)).toEqual([["rules for one", undefined, "sg-3"]]);
  });

  test("also where a refresh has taken it into the state since", () => {
    const kept = { disabled: true };
    const report = reviewed({ ...byHand(firewall, door, kept, ["disabled"]), kept });
    expect(drifted(report)).toEqual([["disabled", undefined, true, "restores"]]);
  });

  test("also where it was taken away, and a cloud's default is to come back", () => {
    const policies = { managedPolicyArns: ["arn:aws:iam::aws:policy/AWSDenyAll"] };
    const report = reviewed({ ...byHand(role, { assumeRolePolicy: "{}" }, {}, ["managedPolicyArns"]), kept: policies });
    expect(drifted(report)).toEqual([["managedPolicyArns", policies.managedPolicyArns, undefined, "restores"]]);
    expect(exitCode(report)).toBe(3);
  });

  test("also where an entry of a list was taken away, and is to come back", () => {
    const report = reviewed({
      ...byHand(firewall, { allows: door.allows }, { sourceTags: ["a"] }, { "sourceTags[1]": "add" }),
      kept: { sourceTags: ["a", "b"] },
    });
    expect(drifted(report)).toEqual([["sourceTags[1]", "b", undefined, "restores"]]);
  });

  test("and is kept where the code wants it so by now", () => {
    const wanted = { ...door, disabled: true };
    const report = reviewed({ ...byHand(firewall, door, { disabled: true }, ["disabled"]), after: wanted });
    expect(drifted(report)).toEqual([["disabled", undefined, true, "keeps"]]);
    expect(why(report)).toEqual(["disabled"]);
  });

  test("by the whole property where no more is named", () => {
    const whole = { ...byHand(firewall, door, { disabled: true }, []), diffReasons: ["disabled"] };
    expect(drifted(reviewed(whole))).toEqual([["disabled", undefined, true, "restores"]]);
  });

  test("by what the look found where nothing is named", () => {
    const report = reviewed(byHand(firewall, door, { disabled: true, creationTimestamp: "2026" }, []));
    expect(drifted(report)).toEqual([["disabled", undefined, true, "restores"]]);
    expect(exitCode(report)).toBe(3);
  });

  test("and where neither names anything, it cannot be told not to widen access", () => {
    const report = reviewed(byHand(firewall, door, {}, []));
    expect(why(report)).toEqual(["the preview does not show it"]);
    expect(report.unjudged).toMatchObject([{ what: "Firewall one", effect: "unclear" }]);
    expect(exitCode(report)).toBe(3);
  });

  test("and what looks as the program gives it, and is named all the same", () => {
    const report = reviewed(byHand(ec2, { userData: "a" }, {}, ["userData"]));
    expect([drifted(report), why(report)]).toEqual([[], ["userData"]]);
    expect(alarms(report)).toEqual([["userData of machine one", "a", "a"]]);
  });
});

describe("no alarm is", () => {
  const changed = (type: string, before: Inputs, after: Inputs, more: Partial<Planned>): Planned => ({
    ...{ type, name: "one", before, after, ...more },
  });
  const accelerators = (kind: string) => ({ guestAccelerators: [{ type: kind, count: 1 }] });
  const address = { publicIp: "203.0.113.7", publicDns: "ec2-203-0-113-7" };
  const route = { model: "a", baseUrl: "https://api.example.com" };

  test.each<[string, Planned, string]>([
    [
      "an entry of a list that inputs show",
      changed(vm, accelerators("t4"), accelerators("l4"), { detail: ["guestAccelerators[0].type"] }),
      "guestAccelerators",
    ],
    [
      "one that its provider writes otherwise",
      changed(vm, accelerators("t4"), accelerators("l4"), {
        ...{
          kept: accelerators("projects/p/acceleratorTypes/t4"),
          seen: accelerators("projects/p/acceleratorTypes/t4"),
        },
        detail: ["guestAccelerators[0].type"],
      }),
      "guestAccelerators",
    ],
    [
      "a key in brackets, and what a provider writes out again",
      changed(
        vm,
        { labels: { "a.b": "1" } },
        { labels: { "a.b": "2" } },
        { detail: ['labels["a.b"]', 'effectiveLabels["a.b"]'], seen: { effectiveLabels: { "a.b": "1" } } },
      ),
      "labels",
    ],
    [
      "what the code gives for the first time",
      changed(vm, { labels: {} }, { labels: { a: "1" } }, { detail: { "labels.a": "add" } }),
      "labels",
    ],
    [
      "a secret that the components give",
      changed("command:remote:Command", { stdin: "[secret]" }, { stdin: "[secret]" }, { detail: ["stdin"] }),
      "stdin",
    ],
    [
      "another size, with what only the update brings, of a machine that has another address since",
      changed(
        ec2,
        { instanceType: "g6.xlarge" },
        { instanceType: "g6.2xlarge" },
        {
          seen: address,
          kept: { ...address, publicIp: "203.0.113.8" },
          detail: ["instanceType", "publicIp", "publicDns"],
        },
      ),
      "instanceType, publicIp, publicDns",
    ],
    [
      "an upgrade of a provider that names what is only reported",
      byHand(firewall, door, {}, ["selfLink", "region"]),
      "selfLink, region",
    ],
    [
      "what this package's plugin names besides",
      changed(
        "nemoclaw:host:InferenceRoute",
        route,
        { ...route, model: "b" },
        {
          ...{ seen: { looked: "now" }, detail: ["model", "looked"] },
        },
      ),
      "model",
    ],
  ])("%s", (_, planned, because) => {
    const report = reviewed(planned);
    expect([drifted(report), alarms(report)]).toEqual([[], []]);
    expect(why(report)).toEqual([because]);
    expect(exitCode(report)).toBe(2);
    expect(driftOutline(report)).toMatchObject({ headline: "No drift", exitCode: 0 });
  });

  test("a replacement that names all that comes with it", () => {
    const outputs = { arn: "arn:1", securityGroups: ["default"], ...address };
    const report = reviewed(
      changed(
        ec2,
        { ami: "a" },
        { ami: "b" },
        { seen: outputs, kept: outputs, replace: ["ami"], detail: ["ami", ...Object.keys(outputs)] },
      ),
    );
    expect([drifted(report), alarms(report)]).toEqual([[], []]);
  });
});
