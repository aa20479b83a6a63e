import { describe, expect, test } from "vitest";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVCYWRFeGFtcGxlS2V5T2ZOb01hY2hpbmVBdEFsbDAw";
const machines = {
  local: { kind: "local" },
  existing: {
    kind: "existing",
    address: "gpu.example.com",
    user: "ubuntu",
    hostKeys: [hostKey],
    agentSocket: "/run/agent",
  },
  aws: {
    kind: "aws",
    region: "eu-central-1",
    zone: "eu-central-1a",
    instanceType: "g6.xlarge",
    image: { id: "ami-0123456789abcdef0" },
  },
  gcp: {
    kind: "gcp",
    project: "my-project-123",
    zone: "europe-west4-a",
    machineType: "g2-standard-8",
    image: { name: "projects/deeplearning-platform-release/global/images/ubuntu-2404-v20261101" },
  },
};
type Kind = keyof typeof machines;

/** What stands in a stack file, each setting on a line; `more` goes into the machine. */
const stack = (kind: Kind, more: object = {}, settings: object = {}, beside = "") => {
  const all = {
    machine: { ...machines[kind], ...more },
    runtime: { kind: "embedded" },
    inference: { kind: "nvidia", model: "m1" },
    inferenceKey: { secure: "v1:sealed" },
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `  nemoclaw:${name}: ${JSON.stringify(value)}\n`);
  return `${beside}config:\n${lines.join("")}`;
};
const compared = (before: string, after: string) => {
  const at = (name: string, text: string) => revision(name, { "stacks/Pulumi.prod.yaml": text });
  return reportOfRevisions("prod", at("main", before), at("change", after));
};

describe("a default that is written out", () => {
  test.each<[string, Kind, object, object]>([
    ["no spare capacity, on AWS", "aws", { spot: false }, {}],
    ["no spare capacity, on Google Cloud", "gcp", { spot: false }, {}],
    ["what an image is built for", "aws", { image: { ...machines.aws.image, arch: "amd64" } }, {}],
    ["a port", "existing", { port: 22 }, {}],
    ["the way in", "aws", { access: { kind: "ssm" } }, {}],
    ["a disk's size", "gcp", { bootDisk: { size: 100 }, dataDisk: { size: 50 } }, {}],
    [
      "NVIDIA's address",
      "local",
      {},
      { inference: { kind: "nvidia", model: "m1", baseUrl: "https://integrate.api.nvidia.com/v1" } },
    ],
    ["no tunnel", "local", {}, { tunnel: { kind: "none" } }],
    [
      "no presets, and nothing accepted",
      "local",
      {},
      { policy: { presets: [] }, runtime: { kind: "embedded", accept: [] } },
    ],
    ["limits", "local", {}, { limits: { memory: "2500M", cpus: 2 } }],
  ])("%s: nothing changes, either way", (_, kind, more, settings) => {
    const [without, out] = [stack(kind), stack(kind, more, settings)];
    for (const report of [compared(without, out), compared(out, without)])
      expect(verdictOf(report)).toEqual({ exitCode: 0, headline: "Nothing changes" });
  });

  test("is told from what it is changed to", () => {
    const report = compared(stack("gcp"), stack("gcp", { dataDisk: { size: 100 } }, { limits: { cpus: 4 } }));
    expect(report.settings).toEqual([
      { what: "machine.dataDisk.size", before: "50", after: "100", note: "GiB." },
      { what: "limits.cpus", before: "2", after: "4", note: "CPUs, also in part." },
    ]);
    const kept = (keep: boolean) => stack("local", {}, { workspace: { keep } });
    expect(compared(kept(true), kept(false)).settings).toEqual([
      {
        ...{ what: "workspace.keep", before: "true", after: "false" },
        note: "Keep what the agent made when the stack is destroyed.",
      },
    ]);
    expect(compared(stack("gcp"), stack("gcp", { spot: true })).expected).toMatchObject([
      { label: "machine", because: "machine.spot" },
    ]);
  });

  test("is a change where an environment may say otherwise", () => {
    const report = compared(
      stack("gcp", {}, {}, "environment: [prod]\n"),
      stack("gcp", { spot: false }, {}, "environment: [prod]\n"),
    );
    expect(report.expected).toMatchObject([{ because: "machine.spot" }]);
  });

  test("of a section that is new says nothing more than what is written", () => {
    const report = compared(stack("gcp"), stack("local"));
    expect(report.expected).toMatchObject([
      { label: "data disk", because: "machine.kind; refused while it is protected", deleted: true },
      { label: "machine", because: "machine.kind" },
    ]);
    const names = report.settings.map(({ what }) => what);
    expect(names).not.toContain("machine.spot");
    expect(names).not.toContain("machine.bootDisk.size");
  });

  test("takes no secret into the report", () => {
    const report = compared(stack("gcp"), stack("gcp", { spot: true }));
    expect(JSON.stringify(report) + markdownOf(outlineOf(report))).not.toContain("v1:sealed");
  });
});

describe("a machine's type, by the settings of two revisions", () => {
  test.each<[string, Kind, object, object, string]>([
    ["of AWS", "aws", {}, { instanceType: "g6.2xlarge" }, "machine.instanceType"],
    ["of Google Cloud", "gcp", {}, { machineType: "g2-standard-16" }, "machine.machineType"],
    ["of Google Cloud, with the GPUs that it has", "gcp", {}, { gpu: { model: "L4", count: 1 } }, "machine.gpu.model"],
    ["whose usual disk is written out", "gcp", {}, { bootDisk: { type: "pd-balanced" } }, "machine.bootDisk.type"],
  ])("%s is changed in place", (_, kind, before, after, what) => {
    const report = compared(stack(kind, before), stack(kind, after));
    expect(verdictOf(report).exitCode).toBe(2);
    expect(report.expected).toEqual([]);
    expect(report.settings.map((one) => one.what)).toContain(what);
  });

  const arm = { instanceType: "g5g.xlarge", image: { id: "ami-0fedcba9876543210", arch: "arm64" } };
  const n1 = { machineType: "n1-standard-8" };
  test.each<[string, Kind, object, object, string[]]>([
    ["for another processor", "aws", {}, arm, ["machine.image"]],
    [
      "whose usual disks are of another type",
      "gcp",
      {},
      { machineType: "g4-standard-48" },
      [
        "machine.machineType, whose disks are of another type; refused while it is protected",
        "machine.machineType, whose disks are of another type",
      ],
    ],
    [
      "that GPUs are attached to, with others",
      "gcp",
      { ...n1, gpu: { model: "T4", count: 1 } },
      { ...n1, gpu: { model: "T4", count: 2 } },
      ["machine.gpu"],
    ],
  ])("%s is another machine", (_, kind, before, after, because) => {
    const report = compared(stack(kind, before), stack(kind, after));
    expect(report.expected.map((one) => one.because)).toEqual(because);
    expect(verdictOf(report).exitCode).toBe(4);
  });
});

test("a stack that is named with its organization and project has the same file", () => {
  const at = (name: string, text: string) => revision(name, { "stacks/Pulumi.prod.yaml": text });
  const after = stack("local", {}, { limits: { cpus: 4 } });
  const report = reportOfRevisions("org/nemoclaw/prod", at("main", stack("local")), at("change", after));
  expect(report.stack).toBe("org/nemoclaw/prod");
  expect(report.settings).toMatchObject([{ what: "limits.cpus", before: "2", after: "4" }]);
});
