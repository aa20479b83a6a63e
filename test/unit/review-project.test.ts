import { describe, expect, test } from "vitest";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const stackFile = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
type Files = Record<string, string>;
const compared = (before: Files, after: Files) => {
  const all = { "stacks/Pulumi.prod.yaml": stackFile };
  return reportOfRevisions("prod", revision("main", { ...all, ...before }), revision("change", { ...all, ...after }));
};

const project = "name: nemoclaw\nruntime: nodejs\n";
const withSettings = `${project}config: { "aws:endpoints": { value: [{ s3: "https://PLAIN" }] }, siteCommands: { type: string } }\n`;

describe("settings in the project's own file, which hold for every stack", () => {
  test.each<[string, string]>([
    ["Pulumi.yaml", withSettings],
    // The CLI reads this one where both are there: it was asked.
    [
      "Pulumi.json",
      '{ "name": "nemoclaw", "runtime": "nodejs", "config": { "aws:endpoints": {}, "siteCommands": {} } }',
    ],
    ["Pulumi.yml", withSettings],
    ["Pulumi.yaml", `${project}name-of-it: &c config\n*c : { "aws:endpoints": { value: [] }, siteCommands: {} }\n`],
    ["Pulumi.yaml", `${project}!!binary Y29uZmln: { "aws:endpoints": { value: [] }, siteCommands: {} }\n`],
  ])("are refused, in %s", (path, text) => {
    const fault = () => compared({ "Pulumi.yaml": project }, { "Pulumi.yaml": project, [path]: text });
    expect(fault).toThrow(
      new RegExp(
        `^${path} at change has "config", whose .*: aws:endpoints, siteCommands\n {2}try {3}the same settings`,
      ),
    );
    expect(fault).not.toThrow(/PLAIN/);
  });

  test("are refused where they stand unchanged, too: nobody judges them", () => {
    expect(() => compared({ "Pulumi.yaml": withSettings }, { "Pulumi.yaml": withSettings })).toThrow(/has "config"/);
  });

  test("do not stop the review of what takes them away, which is told as the worst", () => {
    const report = compared({ "Pulumi.yaml": withSettings }, { "Pulumi.yaml": project });
    expect(report.refused?.faults.join()).toContain('Pulumi.yaml at main has "config"');
    expect(verdictOf(report).exitCode).toBe(4);
  });

  test("are an error where the file cannot be read", () => {
    expect(() => compared({}, { "Pulumi.yaml": "a: b: c\n" })).toThrow(/^Pulumi.yaml at change is not YAML/);
  });

  test.each(["", "config:\n", 'config: ""\n'])(
    "are none where it says %j, and it is a file that was not read",
    (none) => {
      const report = compared({ "Pulumi.yaml": project }, { "Pulumi.yaml": `${project}${none}description: ours\n` });
      expect(report.unread).toEqual(["Pulumi.yaml"]);
      expect(verdictOf(report).exitCode).toBe(2);
    },
  );
});
