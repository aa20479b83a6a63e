import { expect, test } from "vitest";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { type Report, verdictOf } from "../../review/report.ts";
import { type Planned, previewJson } from "../support/preview-fixture.ts";

const reviewed = (one: Pick<Planned, "type"> & Partial<Planned>) => {
  const planned = { name: "one", ...one };
  return reportOfPreview({ stack: "prod", preview: readPreview(previewJson([planned]), "it"), compared: "it" });
};
const exitCode = (report: Report) => verdictOf({ ...report, guardrails: undefined }).exitCode;
const drifted = ({ drift = [] }: Report) => drift.flatMap(({ values }) => values.map(({ path }) => path));

const vm = "gcp:compute/instance:Instance";
const door = { allows: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: ["203.0.113.0/24"] };
const firewall = { type: "gcp:compute/firewall:Firewall", before: door, after: door };

test("a default that its provider names no more, and that was so before the look, is no drift and lets in nobody", () => {
  const kept = { enableLogging: false };
  const report = reviewed({ ...firewall, kept, seen: kept, detail: { enableLogging: "delete" } });
  expect([drifted(report), report.unjudged, exitCode(report)]).toEqual([[], [], 2]);
});

test("what was so before the look, goes, and is more than a default, cannot be told not to widen access", () => {
  const kept = { params: { resourceManagerTags: { a: "b" } } };
  const report = reviewed({ ...firewall, kept, seen: kept, detail: { params: "delete" } });
  expect([drifted(report), exitCode(report)]).toEqual([[], 3]);
  expect(report.unjudged).toMatchObject([{ what: "params of Firewall one", effect: "unclear" }]);
});

test("what goes, and is otherwise than before the look, is drift", () => {
  const report = reviewed({
    ...{ ...firewall, kept: { description: "a" }, seen: { description: "b" }, detail: { description: "delete" } },
  });
  expect(drifted(report)).toEqual(["description"]);
});

const interfaces = (configs?: unknown) => ({
  networkInterfaces: [{ subnetwork: "s", ...(configs === undefined ? {} : { accessConfigs: configs }) }],
});

test("the address of a machine that has restarted, and that the code takes away, is no drift", () => {
  const [had, found] = ["203.0.113.7", "203.0.113.8"].map((natIp) => interfaces([{ natIp, networkTier: "PREMIUM" }]));
  const more = { before: interfaces([{}]), after: interfaces(), kept: had, seen: found };
  const report = reviewed({ type: vm, ...more, detail: { "networkInterfaces[0].accessConfigs": "delete" } });
  expect([drifted(report), exitCode(report)]).toEqual([[], 2]);
});

test("the older keys of a machine shut out those of its project, so that their going cannot be told not to let in", () => {
  const metadata = { "enable-oslogin": "FALSE" };
  const seen = { metadata: { ...metadata, sshKeys: "me:ssh-ed25519 A" } };
  const detail = { "metadata.sshKeys": "delete" };
  const report = reviewed({ type: vm, before: { metadata }, after: { metadata }, seen, detail });
  expect([drifted(report), exitCode(report)]).toEqual([["metadata.sshKeys"], 3]);
});
