import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readProject } from "../../engine/project.ts";
import { combine } from "../../review/combine.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { previewJson, revision } from "../support/preview-fixture.ts";

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

const project = "name: nemoclaw\nruntime: nodejs\nstackConfigDir: stacks\n";
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
        "name: nemoclaw\nruntime: { name: nodejs, options: { typescript: false } }\nstackConfigDir: stacks\n",
      );
      expect(readProject(folder).name).toBe("nemoclaw");
      writeFileSync(join(folder, path), text);
      expect(() => readProject(folder)).toThrow(`has ${path} besides Pulumi.yaml`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("stack files in another folder than stacks/", () => {
  const inFolder = (line: string) => project.replace("stackConfigDir: stacks\n", line);

  // The CLI takes each of these for another folder, or for none; the last one it takes for the project's own.
  test.each([
    ["stackConfigDir: site\n", '"stackConfigDir": site: .* from there'],
    ["stackConfigDir: stacks/../site\n", '"stackConfigDir": stacks/../site: .* from there'],
    ['stackConfigDir: "stacks "\n', '"stackConfigDir": stacks : .* from there'],
    ["STACKCONFIGDIR: stacks\n", 'no "stackConfigDir": .* from beside this file'],
    ["stackConfigDir:\n", 'no "stackConfigDir": .* from beside this file'],
    ["", 'no "stackConfigDir": .* from beside this file'],
  ])("are refused: %j", (line, found) => {
    const [usual, other] = [{ "Pulumi.yaml": project }, { "Pulumi.yaml": inFolder(line) }];
    const fault = new RegExp(`^Pulumi.yaml at change has ${found}.*\n {2}try {3}stackConfigDir: stacks, `);
    expect(() => compared(usual, other)).toThrow(fault);
    expect(() => compared(other, other)).toThrow(fault);
    expect(verdictOf(compared(other, usual)).exitCode).toBe(4);
  });
});

describe("what else in the project's own file leads Pulumi elsewhere", () => {
  // Each but the last, the CLI was seen to follow.
  test.each<[string, string, string]>([
    ["main", "main: other.ts\n", "other.ts"],
    ["backend", 'backend: { url: "s3://else" }\n', '{"url":"s3://else"}'],
    [
      "plugins",
      "plugins: { languages: [{ name: nodejs, path: ./lang }] }\n",
      '{"languages":[{"name":"nodejs","path":"./lang"}]}',
    ],
    ["packages", "packages: { aws: ./ours }\n", '{"aws":"./ours"}'],
    ["options", "options: { refresh: always }\n", '{"refresh":"always"}'],
    ["tomorrow", "tomorrow: yes\n", "yes"],
  ])("cannot be told not to widen access: %s", (key, text, after) => {
    const [usual, other] = [{ "Pulumi.yaml": project }, { "Pulumi.yaml": `${project}${text}` }];
    const report = compared(usual, other);
    expect(report.settings).toEqual([
      { what: `Pulumi.yaml, ${key}`, after, effect: "unclear", note: expect.stringMatching(/not looked into/) },
    ]);
    expect(report.unread).toEqual([]);
    expect(verdictOf(report).exitCode).toBe(3);
    expect(verdictOf(compared(other, usual)).exitCode).toBe(3);
    expect(verdictOf(compared(other, other)).exitCode).toBe(0);

    const preview = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([]), "it"), compared: "" });
    expect(verdictOf(combine(preview, report)).exitCode).toBe(3);
  });

  test.each<[string, string, string]>([
    ["name", "name: nemoclaw", "name: other"],
    ["runtime", "runtime: nodejs", "runtime: { name: nodejs, options: { nodeargs: --require ./pre.cjs } }"],
  ])("so does what stands in its place: %s", (key, before, after) => {
    const report = compared({ "Pulumi.yaml": project }, { "Pulumi.yaml": project.replace(before, after) });
    expect(report.settings).toMatchObject([{ what: `Pulumi.yaml, ${key}`, effect: "unclear" }]);
  });
});
