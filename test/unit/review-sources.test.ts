import { describe, expect, test } from "vitest";
import { piecesOf } from "../../review/page/cell.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import type { Report } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { block, network, presetBlocks, previewJson, revision } from "../support/preview-fixture.ts";

const stack = (policy: string) => ({
  "stacks/Pulumi.prod.yaml": `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:policy: { ${policy} }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`,
});
const policy = (name: string, host: string) =>
  `version: 1
network_policies:
  ${name}:
    endpoints: [{ host: ${host}, port: 443, protocol: rest, access: read-only }]
    binaries: [{ path: /** }]
`;
const compared = (chosen: string, files: Record<string, string>) =>
  reportOfRevisions("prod", revision("main", stack("presets: []")), revision("change", { ...stack(chosen), ...files }));
const reviewed = (blocks: Record<string, unknown>) => {
  const preview = readPreview(previewJson([network({}, blocks)]), "it");
  return reportOfPreview({ stack: "prod", preview, compared: "it" });
};

const from = (report: Report) =>
  outlineOf(report)
    .sections.find(({ title }) => title === "Access of the agent")
    ?.tables[0]?.rows.map(([, , , , cell = ""]) => {
      const pieces = piecesOf(cell).map((piece) => (typeof piece === "string" ? piece : `\`${piece.code}\``));
      return pieces.join("");
    });
const short = (report: Report) =>
  outlineOf(report).sections.find(({ title }) => title === "Access of the agent")?.short;

describe("where access comes from", () => {
  const preset = "policies/presets/ours.yaml";

  test("a preset is a preset", () => {
    const report = compared("presets: [ours]", { [preset]: policy("ours", "a.example.com") });
    expect(report.access).toMatchObject([{ sources: [{ kind: "preset", name: "ours" }] }]);
    expect(from(report)).toEqual(["preset `ours`"]);
    expect(short(report)).toBe("1 gained, 0 lost; by preset ours");
  });

  test.each(["preset ours", "baseline"])("a file that is called %j is a file", (name) => {
    const report = compared(`presets: [], file: ${name}`, { [name]: policy("ours", "a.example.com") });
    expect(report.access).toMatchObject([{ sources: [{ kind: "file", name }] }]);
    expect(from(report)).toEqual([`file \`${name}\``]);
    expect(short(report)).toBe("1 gained, 0 lost");
    for (const page of [markdownOf, htmlOf]) expect(page(outlineOf(report))).toContain(`file <code>${name}</code>`);
  });

  test("a file and a preset of one name are told apart where both open the same", () => {
    const report = compared("presets: [ours], file: ours", {
      [preset]: policy("ours", "a.example.com"),
      ours: policy("mine", "a.example.com").replace("443", "8443"),
    });
    expect(report.access).toMatchObject([{ where: "a.example.com:443,8443" }]);
    expect(from(report)).toEqual(["file `ours`, preset `ours`"]);
    expect(short(report)).toBe("1 gained, 0 lost; by preset ours");
  });

  test("a block is a block, whatever it is called", () => {
    const report = reviewed({
      "x, preset npm": block("a.example.com", { access: "read-only" }),
      ...presetBlocks("npm"),
    });
    expect(from(report)).toEqual(["block `x, preset npm`", "preset `npm`"]);
  });
});
