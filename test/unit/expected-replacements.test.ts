import { describe, expect, test } from "vitest";
import { mergePolicies } from "../../policies/merge.ts";
import { expectedReplacements, usualDataDisk } from "../../review/expected-replacements.ts";
import type { StackAt } from "../../review/stack-at.ts";
import { dataDisk } from "../../stacks/machine-kinds/cloud/settings.ts";

const at = (machine: object): StackAt => ({
  settings: { machine },
  secrets: new Map(),
  policy: mergePolicies([]),
  sources: new Map(),
  runtime: "openshell",
});
const aws = (disk?: object, more: object = {}) => at({ kind: "aws", ...more, ...(disk && { dataDisk: disk }) });
const gcp = (disk?: object, more: object = {}) => at({ kind: "gcp", ...more, ...(disk && { dataDisk: disk }) });

describe("what happens to a data disk, by the settings of two revisions", () => {
  test.each<[string, StackAt, StackAt, string]>([
    [
      "smaller on AWS",
      aws({ size: 200 }),
      aws({ size: 100 }),
      "machine.dataDisk.size is smaller; AWS makes no disk smaller, and the update fails",
    ],
    [
      "smaller on Google Cloud",
      gcp({ size: 200 }),
      gcp({ size: 100 }),
      "machine.dataDisk.size; refused while it is protected",
    ],
    ["smaller than the usual size", gcp(), gcp({ size: 20 }), "machine.dataDisk.size; refused while it is protected"],
    [
      "of another type on Google Cloud",
      gcp({ type: "pd-balanced" }),
      gcp({ type: "pd-ssd" }),
      "machine.dataDisk.type; refused while it is protected",
    ],
    [
      "smaller, of another type, and not protected",
      gcp({ size: 200, type: "pd-balanced" }),
      gcp({ size: 100, type: "pd-ssd", protect: false }),
      "machine.dataDisk.size, machine.dataDisk.type",
    ],
  ])("%s: it is lost with everything on it", (_, was, is, because) => {
    expect(expectedReplacements(was, is)).toEqual([
      { label: "data disk", because, lost: expect.stringMatching(/^everything on it/) },
    ]);
  });

  test.each([
    ["larger on AWS", aws({ size: 100 }), aws({ size: 200 })],
    ["larger on Google Cloud", gcp(), gcp({ size: usualDataDisk + 1 })],
    ["of the usual size, written out", gcp(), gcp({ size: usualDataDisk })],
    ["no longer protected", gcp(), gcp({ protect: false, reason: "a lab" })],
  ])("%s: it stays", (_, was, is) => expect(expectedReplacements(was, is)).toEqual([]));

  test("it is told beside the machine", () => {
    const found = expectedReplacements(gcp({ size: 200 }, { image: "a" }), gcp({ size: 100 }, { image: "b" }));
    expect(found.map(({ label }) => label)).toEqual(["data disk", "machine"]);
  });

  test("the usual size is the setting's own", () => expect(dataDisk.size.parse(undefined)).toBe(usualDataDisk));
});
