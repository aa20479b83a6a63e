import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readProject } from "../../engine/project.ts";
import { StackFile } from "../../engine/stack-file.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { revision } from "../support/preview-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-line-ends-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = `config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 } # as agreed
`;
const project =
  "name: nemoclaw\nruntime: { name: nodejs, options: { typescript: false } }\nstackConfigDir: stacks\ndescription: agents # ours\n";
const hidden = "  nemoclaw:tunnel: { kind: quick, access: public, reason: testing }";
type Files = Record<string, string>;
const compared = (before: Files, after: Files) => {
  const all = { "stacks/Pulumi.prod.yaml": usual, "Pulumi.yaml": project };
  return reportOfRevisions("prod", revision("main", { ...all, ...before }), revision("change", { ...all, ...after }));
};

/** The files of a project in which a comment ends earlier for Pulumi. */
const files = (character: string): [path: string, text: string, line: number][] => [
  ["stacks/Pulumi.prod.yaml", usual.replace("agreed", `agreed${character}${hidden}`), 4],
  ["Pulumi.yaml", project.replace("ours", `ours${character}config: { nemoclaw:tunnel: { value: quick } }`), 4],
  ["policies/guardrails/PulumiPolicy.yaml", `runtime: nodejs # ours${character}main: other.ts\n`, 1],
];

describe.each([
  ["U+000D", "\r"],
  ["U+0085", "\u0085"],
  ["U+2028", "\u2028"],
  ["U+2029", "\u2029"],
])("a comment that ends at %s for Pulumi alone", (named, character) => {
  test.each(files(character))("is refused in %s by a review", (path, text, line) => {
    expect(() => compared({}, { [path]: text })).toThrow(
      new RegExp(
        `${path} at change has characters .*: line ${line}: ${named.replace("+", "\\+")}\n  try   a line feed`,
      ),
    );
  });

  test.each(files(character))("does not stop the review of what mends it, in %s", (path, text) => {
    const report = compared({ [path]: text }, {});
    expect(report.refused?.faults.join()).toContain(named);
    expect(verdictOf(report).exitCode).toBe(4);
  });

  test("is refused by the embedded engine", () => {
    const [stack = "", main = ""] = files(character).map(([, text]) => text);
    writeFileSync(join(folder, "Pulumi.prod.yaml"), stack);
    writeFileSync(join(folder, "Pulumi.yaml"), main);
    expect(() => new StackFile({ stackFolder: folder } as never, "prod")).toThrow(
      `line 4: ${named}; write a line feed`,
    );
    expect(() => readProject(folder)).toThrow(`line 4: ${named}; write a line feed`);
  });
});

test("every such character is named by its line", () => {
  expect(() => compared({}, { "stacks/Pulumi.prod.yaml": `# a\u2028\n\n# b\rc\u0085\n${usual}` })).toThrow(
    "line 1: U+2028, line 3: U+000D, line 3: U+0085",
  );
});

test("the line ends of another system are taken, and so are such characters where they are escaped", () => {
  const text = `# "\\u2028"\n${usual}`.replaceAll("\n", "\r\n");
  expect(verdictOf(compared({}, { "stacks/Pulumi.prod.yaml": text })).exitCode).toBe(0);
  writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
  expect(new StackFile({ stackFolder: folder } as never, "prod").config).toHaveProperty("nemoclaw:inference");
});
