import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readProject } from "../../engine/project.ts";
import { StackFile } from "../../engine/stack-file.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-merge-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
const project = "name: nemoclaw\nruntime: { name: nodejs, options: { typescript: false } }\nstackConfigDir: stacks\n";
type Files = Record<string, string>;
const compared = (before: Files, after: Files) => {
  const all = { "stacks/Pulumi.prod.yaml": usual, "Pulumi.yaml": project };
  return reportOfRevisions("prod", revision("main", { ...all, ...before }), revision("change", { ...all, ...after }));
};

// The CLI takes over what stands under each of these: it was asked.
const keys = ["<<", '"<<"', "!!merge <<", "!!str <<", "!site <<", "!!binary PDw=", "&key <<"];

describe.each([...keys.map((key) => ["", key]), ['also: &key "<<"\n', "*key "]])(
  "a key that takes over a mapping, %j%j:",
  (above, key) => {
    test.each<[string, string, string]>([
      [
        "beside the settings",
        "stacks/Pulumi.prod.yaml",
        `${usual}${above}${key}: { secretsprovider: gcpkms://evil }\n`,
      ],
      ["among them", "stacks/Pulumi.prod.yaml", `${above}${usual}  ${key}: { nemoclaw:policy: { presets: [npm] } }\n`],
      ["deep in a list", "stacks/Pulumi.prod.yaml", `${above}${usual}  site:list: [{ a: [{ ${key}: { a: b } }] }]\n`],
      [
        "in the project's file",
        "Pulumi.yaml",
        `${above}${project}${key}: { config: { aws:endpoints: { value: [] } } }\n`,
      ],
    ])("%s is refused by a review and by the embedded engine", (_, path, text) => {
      expect(() => compared({}, { [path]: text })).toThrow(/at change has "<<" for a key: Pulumi takes .*\n {2}try/);
      const mended = compared({ [path]: text }, {});
      expect(mended.refused?.faults.join()).toContain('"<<"');
      expect(verdictOf(mended).exitCode).toBe(4);

      const name = path.replace("stacks/", "");
      writeFileSync(join(folder, name), text);
      const open = () =>
        name === "Pulumi.yaml" ? readProject(folder) : new StackFile({ stackFolder: folder } as never, "prod");
      expect(open).toThrow('has "<<" for a key');
    });
  },
);

test("the same characters in a value, or in a longer key, are text like any other", () => {
  const text = `${usual}  site:text: "<<"\n  site:more: { "<<<": "a << b" }\n`;
  expect(() => compared({}, { "stacks/Pulumi.prod.yaml": text })).not.toThrow(/"<<" for a key/);
  writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
  expect(() => new StackFile({ stackFolder: folder } as never, "prod")).not.toThrow();
});

// The CLI reads the first as if it named nothing, and refuses the second.
test.each(["1.1", "1.2"])("a file that names its version of YAML, %s, is refused by both", (version) => {
  const named = (text: string, above = "") => `${above}%YAML ${version}\n---\n${text}`;
  for (const [path, text] of [
    ["stacks/Pulumi.prod.yaml", named(usual)],
    ["stacks/Pulumi.prod.yaml", named(usual, "# ours\n%TAG !e! tag:example.com,1:\n")],
    ["Pulumi.yaml", named(project)],
  ] as const) {
    expect(() => compared({}, { [path]: text })).toThrow(
      /at change has a line %YAML: .*\n {2}try {3}the file without that line/,
    );
    expect(compared({ [path]: text }, {}).refused?.faults.join()).toContain("%YAML");
  }
  writeFileSync(join(folder, "Pulumi.prod.yaml"), named(usual));
  expect(() => new StackFile({ stackFolder: folder } as never, "prod")).toThrow("has a line %YAML");
  writeFileSync(join(folder, "Pulumi.yaml"), named(project));
  expect(() => readProject(folder)).toThrow("has a line %YAML");

  expect(verdictOf(compared({}, { "stacks/Pulumi.prod.yaml": `# %YAML ${version}\n---\n${usual}` })).exitCode).toBe(0);
});
