import { describe, expect, test } from "vitest";
import { htmlOf } from "../../review/html.ts";
import { markdownOf } from "../../review/markdown.ts";
import { outlineOf } from "../../review/outline.ts";
import type { Report } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const stackPath = "stacks/Pulumi.prod.yaml";
const least = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
const changed = (before: string, after: string): Report =>
  reportOfRevisions("prod", revision("main", { [stackPath]: before }), revision("change", { [stackPath]: after }));
const written = (report: Report) =>
  [JSON.stringify(report), markdownOf(outlineOf(report)), htmlOf(outlineOf(report))].join("\n");

describe("a secret that stands in clear", () => {
  test.each([
    ["a key of ours", "nemoclaw:inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one without its namespace", "inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one in the key's second form", "nemoclaw:config:inferenceKey: nvapi-PLAIN", "nemoclaw:inferenceKey"],
    ["one that is a mapping", "nemoclaw:telegramToken: { value: PLAIN }", "nemoclaw:telegramToken"],
    [
      "one beside a word that looks encrypted",
      "nemoclaw:tunnelToken: { secure: v1:a, more: PLAIN }",
      "nemoclaw:tunnelToken",
    ],
    ["a site command's", "site:token: PLAIN", "site:token"],
    ["a mapping for site commands", "site:obj: { a: PLAIN }", "site:obj"],
  ])("%s is an error of the newer revision, which names it alone", (_, line, name) => {
    const fault = () => changed(least, `${least}  ${line}\n`);
    expect(fault).toThrow(/a fault at change, so there is nothing to review/);
    expect(fault).toThrow(
      new RegExp(
        `\n\nchange:${stackPath} {2}${name}\n  .*stands in clear[\\s\\S]*instead: scripts/pulumi config set --secret ${name}`,
      ),
    );
    expect(fault).not.toThrow(/PLAIN/);
  });

  test("in the older revision is told by its name", () => {
    const before = `${least}  nemoclaw:inferenceKey: nvapi-PLAIN\n  site:token: PLAIN\n`;
    const report = changed(before, `${least}  nemoclaw:inferenceKey: { secure: v1:a }\n`);
    expect(report.secrets).toMatchObject([
      { name: "inferenceKey", kind: "changed" },
      { name: "site:token", kind: "gone" },
    ]);
    expect(written(report)).not.toContain("PLAIN");
  });

  test("among a cloud provider's own settings is told by its name", () => {
    const report = changed(`${least}  aws:region: a\n`, `${least}  aws:region: b\n  aws:secretKey: PLAIN\n`);
    expect(report.secrets).toEqual([{ name: "aws:secretKey", kind: "new" }]);
    expect(report.settings).toMatchObject([{ what: "aws:region", before: "a", after: "b" }]);
    expect(written(report)).not.toContain("PLAIN");
  });

  test("is not shown where the file is no YAML, either", () => {
    const fault = () => changed(least, `${least}  nemoclaw:inferenceKey: [nvapi-PLAIN\n  a: b: c\n`);
    expect(fault).toThrow(/Pulumi.prod.yaml at change is not YAML: .*line/);
    expect(fault).not.toThrow(/PLAIN/);
  });
});

test("what is encrypted inside a mapping is told by its name, without its text", () => {
  const report = changed(
    `${least}  site:obj: { a: { secure: v1:sealed }, b: [{ secure: v1:sealed }] }\n`,
    `${least}  site:obj: { a: { secure: v1:other }, b: [] }\n`,
  );
  expect(report.secrets).toMatchObject([{ name: "site:obj", kind: "changed" }]);
  expect(written(report)).not.toMatch(/v1:sealed|v1:other/);
});
