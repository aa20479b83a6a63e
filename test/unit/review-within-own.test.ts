import { describe, expect, test } from "vitest";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import type { Report } from "../../review/report.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";
import { reviewed } from "../support/reviewed.ts";

// What somebody opens within a rule of the stack's own lets in nobody else, until that rule goes.

type Inputs = Record<string, unknown>;

const drifted = ({ drift = [] }: Report) =>
  drift.flatMap(({ name, values }) => values.map(({ path, after, update }) => [name, path, after, update]));

/** A resource that stays; the look has found these outputs. */
const stays = (type: string, name: string, inputs: Inputs, seen: Inputs = {}): Planned => ({
  ...{ type, name, id: `${name}-id`, before: inputs, after: inputs, seen },
});
const group = (seen: Inputs, kept: Inputs): Planned => ({
  ...stays("aws:ec2/securityGroup:SecurityGroup", "group", { vpcId: "v" }, seen),
  kept,
});
const ports = { fromPort: 22, toPort: 22, ipProtocol: "tcp", securityGroupId: "group-id" };
const rule = (name: string, range: Inputs, way = "Ingress") =>
  stays(`aws:vpc/securityGroup${way}Rule:SecurityGroup${way}Rule`, name, { ...ports, ...range });
const own = rule("ssh", { cidrIpv4: "10.0.0.0/8" });
const half = rule("half", { cidrIpv4: "10.0.0.0/9" });
const goes = ({ after: _, seen: __, ...one }: Planned): Planned => one;
const made = ({ before: _, seen: __, id: ___, ...one }: Planned): Planned => one;

const listed = (...cidrBlocks: string[]) => ({ fromPort: 22, toPort: 22, protocol: "tcp", cidrBlocks, self: false });
const [asWritten, byHand] = [listed("10.0.0.0/8"), listed("10.1.0.0/16")];

describe("a security group", () => {
  const elsewhere = { ...own.after, cidrIpv4: "192.0.2.0/24" };

  describe.each<[string, Inputs[]]>([
    ["has none of its rules", []],
    ["has the own rule, as after a refresh", [asWritten]],
    ["has both, which nobody was told of within the own rule", [asWritten, byHand]],
    ["has both as one entry", [listed("10.0.0.0/8", "10.1.0.0/16")]],
  ])("into whose own rule somebody has put another, where the state %s,", (_, recorded) => {
    const both = group({ ingress: [asWritten, byHand] }, { ingress: recorded });

    test.each<[string, Planned[]]>([
      ["goes", [goes(own)]],
      ["is changed where it is", [{ ...own, after: elsewhere }]],
      ["is replaced by another", [{ ...own, after: elsewhere, replace: ["cidrIpv4"] }]],
      ["moves to another group", [{ ...own, after: { ...own.after, securityGroupId: "other-id" } }]],
    ])("is told of it once that rule %s", (_, planned) => {
      const report = reviewed(both, ...planned);
      expect(drifted(report)).toEqual([["group", "ingress", "10.1.0.0/16 to port 22", "leaves"]]);
      expect(report.exposure).toContainEqual(
        expect.objectContaining({ what: "open on group", after: "10.1.0.0/16 to port 22", effect: "widens" }),
      );
    });

    test.each<[string, Planned[]]>([
      ["stays", [own]],
      ["is made narrower, and holds it still", [{ ...own, after: half.after }]],
      ["goes, and another that is made holds it", [goes(own), made(half)]],
      ["is renamed", [goes(own), { ...made(own), name: "other" }]],
    ])("is not told of it while that rule %s", (_, planned) => {
      const report = reviewed(both, ...planned);
      expect([report.drift, report.exposure.filter(({ note = "" }) => /leaves it so/.test(note))]).toEqual([[], []]);
    });
  });

  test("into whose own rule for what goes out somebody has put another is told of it once that rule goes", () => {
    const ownOut = rule("out", { cidrIpv4: "10.0.0.0/8" }, "Egress");
    const both = group({ egress: [asWritten, byHand] }, { egress: [asWritten] });
    expect(drifted(reviewed(both, goes(ownOut)))).toEqual([["group", "egress", "10.1.0.0/16 to port 22", "leaves"]]);
  });

  test("whose own rule is found gone with what held what somebody has put there is told of it", () => {
    const removed = JSON.parse(previewJson([group({ ingress: [byHand] }, { ingress: [asWritten] }), own]));
    const steps = removed.steps
      .filter(({ op, urn }: { op: string; urn: string }) => op === "refresh" || !urn.endsWith("::ssh"))
      .map(({ newState, ...step }: { urn: string; newState: unknown }) =>
        step.urn.endsWith("::ssh") ? step : { ...step, newState },
      );
    const preview = readPreview(JSON.stringify({ ...removed, steps }), "it");
    expect(drifted(reportOfPreview({ stack: "prod", preview, compared: "it" }))).toEqual([
      ["group", "ingress", "10.1.0.0/16 to port 22", "leaves"],
    ]);
  });

  test.each<[string, Inputs]>([
    ["what was there already beside the own rule", listed("192.0.2.0/24")],
    ["what was there already and is more than the own rule", listed("10.0.0.0/7")],
    ["the own rule in another spelling", { ...listed(), ipv6CidrBlocks: ["fd00::/8"] }],
  ])("is not told of %s as it goes", (_, other) => {
    const ingress = [other];
    const ownToo = rule("too", { cidrIpv6: "FD00:0::/8" });
    expect(reviewed(group({ ingress }, { ingress }), goes(own), goes(ownToo)).drift).toEqual([]);
  });
});
