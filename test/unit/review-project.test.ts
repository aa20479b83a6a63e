import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readProject } from "../../engine/project.ts";
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

describe("another file for the project", () => {
  // The CLI was asked which of them it takes, and which stack files with it.
  test.each([
    ["Pulumi.json", '{ "name": "nemoclaw", "runtime": "nodejs" }', ".json"],
    ["Pulumi.yml", project, ".yml"],
  ])("is refused, whatever it says: %s", (path, text, ending) => {
    const [usual, more] = [{ "Pulumi.yaml": project }, { [path]: text }];
    const fault = new RegExp(
      `^${path} at change is another file .* Pulumi.STACK${ending}\n {2}try {3}.*in Pulumi.yaml`,
    );
    expect(() => compared(usual, { ...usual, ...more })).toThrow(fault);
    expect(() => compared(usual, more)).toThrow(fault);
    expect(compared({ ...usual, ...more }, usual).refused?.faults.join()).toContain(`${path} at main is another file`);

    const folder = mkdtempSync(join(tmpdir(), "project-"));
    try {
      writeFileSync(
        join(folder, "Pulumi.yaml"),
        "name: nemoclaw\nruntime: { name: nodejs, options: { typescript: false } }\n",
      );
      expect(readProject(folder).name).toBe("nemoclaw");
      writeFileSync(join(folder, path), text);
      expect(() => readProject(folder)).toThrow(`has ${path} besides Pulumi.yaml`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
