import { describe, expect, test } from "vitest";
import { type Report, verdictOf } from "../../review/report.ts";
import { network, type Planned } from "../support/preview-fixture.ts";
import { alarms, reviewed } from "../support/reviewed.ts";

type Inputs = Record<string, unknown>;

const exitCode = (report: Report) => verdictOf({ ...report, guardrails: undefined }).exitCode;
const told = ({ exposure }: Report) => exposure.map(({ effect, what, before, after }) => [effect, what, before, after]);
const inPart = "part of what was changed without an update, and wanted now";
const kept = "changed without an update, and wanted so now";

const [half, more, world] = ["203.0.113.0/24", "10.0.0.0/8", "0.0.0.0/0"];
const newer = (cidrIpv4: string) => ({
  ...{ securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4 },
});
const listed = (range: string) => ({ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: [range] });
const older = (range: string) => ({ securityGroupId: "sg-1", type: "ingress", ...listed(range) });
const google = (range: string) => ({ allows: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: [range] });

const doors: [type: string, on: string, inputs: (range: string) => Inputs][] = [
  ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sg-1", newer],
  ["aws:ec2/securityGroupRule:SecurityGroupRule", "sg-1", older],
  ["aws:ec2/securityGroup:SecurityGroup", "door", (range) => ({ vpcId: "v", ingress: [listed(range)] })],
  ["gcp:compute/firewall:Firewall", "door", google],
];

describe.each(doors)("a door that was opened by hand: %s", (type, on, inputs) => {
  const door = (left: string, found: string, wanted: string): Planned => ({
    ...{ type, name: "door", recorded: inputs(left), before: inputs(found), after: inputs(wanted), seen: {} },
  });
  const open = [`open on ${on}`, `${more} to port 22`];

  test("and of which the code wants a part by now, lets in more than the last update left", () => {
    const report = reviewed(door(half, world, more));
    expect(told(report)).toEqual([
      ["widens", open[0], undefined, open[1]],
      ["narrows", open[0], `${world} to port 22`, undefined],
    ]);
    expect(report.exposure[0]).toMatchObject({ note: inPart });
    expect(exitCode(report)).toBe(3);
  });

  test("and of which the code wants what the last update left, lets in no more", () => {
    expect([alarms(reviewed(door(more, world, more))), exitCode(reviewed(door(more, world, more)))]).toEqual([[], 2]);
  });

  test("and that the code wants so by now, is told although an update finds nothing to do", () => {
    const report = reviewed({ ...door(half, more, more), stays: true });
    expect(report.resources).toEqual([]);
    expect(report.exposure).toMatchObject([{ effect: "widens", what: open[0], after: open[1], note: kept }]);
    expect([report.drift, verdictOf({ ...report, guardrails: undefined })]).toEqual([
      [],
      { exitCode: 3, headline: "Widens access" },
    ]);
  });

  test("is no news where it was so before the look, or was shut", () => {
    for (const [left, found] of [
      [more, more],
      [world, more],
    ] as const) {
      const report = reviewed({ ...door(left, found, found), stays: true });
      expect([alarms(report), exitCode(report)]).toEqual([[], 0]);
    }
  });
});

test("a rule of Google's that wins over fewer than by hand, and over more than the last update left, is told as both", () => {
  const inputs = (priority: number) => ({ ...google(world), priority });
  const [left, found, wanted] = [inputs(1000), inputs(10), inputs(500)];
  const report = reviewed({
    ...{ type: "gcp:compute/firewall:Firewall", name: "door", recorded: left, before: found, after: wanted },
  });
  expect(told(report)).toEqual([
    ["widens", "priority of door", "1000", "500"],
    ["narrows", "priority of door", "10", "500"],
  ]);
});

test("each refusal that goes is told, also one that was taken away by hand before", () => {
  const refuses = (...ranges: string[]) => ({
    ...{ denies: [{ protocol: "tcp" }], sourceRanges: ranges, disabled: ranges.length === 0 },
  });
  const [left, found, wanted] = [refuses(half, more), refuses(half), refuses()];
  const report = reviewed({
    ...{ type: "gcp:compute/firewall:Firewall", name: "door", recorded: left, before: found, after: wanted },
  });
  expect(alarms({ ...report, unjudged: [] })).toHaveLength(2);
  expect(told(report).map(([, , before]) => before)).toEqual(
    expect.arrayContaining([expect.stringContaining(half), expect.stringContaining(more)]),
  );
});

describe("what a look has found changed by hand, and the code wants so by now", () => {
  const stays = (type: string, left: Inputs, now: Inputs, seen: Inputs = {}): Planned => ({
    ...{ type, name: "one", id: "one-id", recorded: left, before: now, after: now, seen, stays: true },
  });
  /** Its provider took only those inputs from its look that it gave then. */
  const begins = (type: string, left: Inputs, now: Inputs): Planned => ({
    ...stays(type, left, now, now),
    before: left,
  });
  const bridge = (...chats: number[]) => ({ chats, token: "[secret]", running: true });
  const asked = (host: string) => ({ kind: "openai", model: "m1", baseUrl: `https://${host}/v1` });
  const trusting = (fingerprint: string) => ({ mirrors: { ca: fingerprint } });
  const role = (policy: string) => ({ assumeRolePolicy: policy });
  const [rolePolicy, key] = ["aws:iam/role:Role", "aws:kms/key:Key"];

  test.each<[string, Planned, (report: Report) => unknown]>([
    [
      "whom a bridge answers",
      stays("nemoclaw:host:TelegramBridge", bridge(1), bridge(1, 666)),
      ({ exposure }) => exposure,
    ],
    [
      "where the model is asked",
      stays("nemoclaw:host:InferenceRoute", asked("a.example.com"), asked("666.example.com")),
      ({ model }) => model,
    ],
    ["whom it trusts", stays("nemoclaw:host:SandboxRuntime", trusting("1"), trusting("666")), ({ trust }) => trust],
    ["what may be done in the cloud", stays(rolePolicy, role("{}"), role('{"a":666}')), ({ exposure }) => exposure],
    ["what nobody looks into", stays(key, { policy: "{}" }, { policy: '{"a":666}' }), ({ unjudged }) => unjudged],
  ])("counts as more: %s", (_, planned, of) => {
    const report = reviewed(planned);
    expect(of(report)).toMatchObject([{ note: expect.stringContaining(kept) }]);
    expect([report.drift, exitCode(report)]).toEqual([[], 3]);
    // Had it been so before the look, it would be no news.
    expect(exitCode(reviewed({ ...planned, recorded: planned.before }))).toBe(0);
  });

  test("counts as gained by the agent", () => {
    const blocks = (...hosts: string[]) => ({
      api: { endpoints: hosts.map((host) => ({ host, port: 443 })), binaries: [{ path: "/**" }] },
    });
    const [left, now] = [blocks("good.example.com"), blocks("good.example.com", "evil.example.com")];
    const report = reviewed({ ...network(now, now, left), seen: {}, stays: true });
    expect(report.access).toMatchObject([
      { effect: "widens", where: "evil.example.com:443", note: expect.stringContaining("opened without an update") },
    ]);
    expect(exitCode(report)).toBe(3);
    expect(reviewed({ ...network(left, left, now), seen: {}, stays: true }).access).toEqual([]);
  });

  test("is told once, as the program's own, where it was put beside what it gave", () => {
    const given = stays("aws:ec2/instance:Instance", { ami: "a" }, { ami: "a", iamInstanceProfile: "admin" });
    // Its provider takes only those inputs from a look that the program gave.
    const report = reviewed({ ...given, before: { ami: "a" }, seen: { iamInstanceProfile: "admin" } });
    expect(told(report)).toEqual([["unclear", "iamInstanceProfile of one", undefined, "admin"]]);
    expect([report.exposure[0]?.note, report.drift]).toEqual([expect.stringContaining(kept), []]);
  });

  test.each<[string, Inputs]>([
    ["where its provider does not say that it fills it in", { rotation: 666 }],
    ["where it fills in another", { rotation: 666, enabled: true, __defaults: ["enabled"] }],
  ])("counts as more though no output had it before, %s", (_, now) => {
    const report = reviewed(begins(key, { policy: "{}" }, { policy: "{}", ...now }));
    expect(report.unjudged).toMatchObject([{ what: "rotation of Key one", after: "666" }]);
    expect(exitCode(report)).toBe(3);
  });

  test("counts as more where its provider fills in by now what it had written before", () => {
    const now = { policy: "{}", rotation: 666, __defaults: ["rotation"] };
    const had = { policy: "{}", rotation: 1 };
    for (const one of [stays(key, had, now), { ...stays(key, { policy: "{}" }, now), kept: had }])
      expect(reviewed(one).unjudged).toMatchObject([{ what: "rotation of Key one", after: "666" }]);
  });

  test.each<[string, Planned]>([
    [
      "what the program writes otherwise than its provider does",
      { ...stays(rolePolicy, role('{"a":1}'), role('{ "a": 1 }'), role('{"a":1}')), before: role('{"a":1}') },
    ],
    [
      "what the last update wrote otherwise than its provider does",
      {
        ...stays(rolePolicy, role('{ "a": 1 }'), role('{ "a":  1 }'), role('{"a":1}')),
        ...{ kept: role('{"a":1}'), before: role('{"a":1}') },
      },
    ],
    [
      "what a cloud only reports",
      stays(key, { policy: "{}", validUntilTime: "1" }, { policy: "{}", validUntilTime: "2" }),
    ],
    [
      "what a newer provider begins to fill in",
      begins(key, { policy: "{}" }, { policy: "{}", rotation: 1, __defaults: ["rotation"] }),
    ],
    [
      "what it begins to fill in within what there was",
      begins(
        key,
        { use: { sign: true } },
        { use: { sign: true, rotation: 1, __defaults: ["rotation"] }, __defaults: [] },
      ),
    ],
    ["a region that it begins to write", begins(key, { policy: "{}" }, { policy: "{}", region: "eu-central-1" })],
    ["what it begins to write out again", begins(key, { tags: { a: "b" } }, { tags: { a: "b" }, tagsAll: { a: "b" } })],
    [
      "what it gives by now as it was anyway",
      { ...stays(rolePolicy, {}, { permissionsBoundary: "b" }), kept: { permissionsBoundary: "b" } },
    ],
    [
      "an address that a machine has again",
      stays(
        "aws:ec2/instance:Instance",
        { ami: "a", associatePublicIpAddress: false },
        { ami: "a", associatePublicIpAddress: true },
        { publicIp: "203.0.113.9" },
      ),
    ],
  ])("is none of it: %s", (_, planned) => {
    const report = reviewed(planned);
    expect([report.exposure, report.unjudged, report.drift, exitCode(report)]).toEqual([[], [], [], 0]);
  });
});
