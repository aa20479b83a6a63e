import { describe, expect, test } from "vitest";
import { combine } from "../../review/combine.ts";
import { htmlOf } from "../../review/page/html.ts";
import { markdownOf } from "../../review/page/markdown.ts";
import { outlineOf } from "../../review/page/outline.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { reportOfRevisions } from "../../review/revisions/report-of-revisions.ts";
import { previewJson, revision } from "../support/preview-fixture.ts";

const stackPath = "stacks/Pulumi.prod.yaml";
const stackFile = (...beside: string[]) => `${beside.map((line) => `${line}\n`).join("")}config:
  nemoclaw:machine: { kind: local }
  nemoclaw:runtime: { kind: embedded }
  nemoclaw:policy: { file: own.yaml }
  nemoclaw:inference: { kind: openai, baseUrl: "https://models.example.com/v1", model: m1 }
`;
type Files = Record<string, string>;
const compared = (before: Files, after: Files) => {
  const all = { [stackPath]: stackFile(), "own.yaml": "version: 1\n", "nemoclaw.lock.json": "{}" };
  return reportOfRevisions("prod", revision("main", { ...all, ...before }), revision("change", { ...all, ...after }));
};

describe("files that a comparison of revisions does not read", () => {
  const program = "services/egress-gate/judge.ts";

  test.each<[string, Files, Files, string[]]>([
    ["a program that has changed", { [program]: "a" }, { [program]: "b" }, [program]],
    ["one that is new", {}, { [program]: "b" }, [program]],
    ["one that is gone", { [program]: "a" }, {}, [program]],
    [
      "the project's file, the engine's packages and a pipeline",
      { "Pulumi.yaml": "a", "package-lock.json": "a", ".github/workflows/apply.yml": "a" },
      { "Pulumi.yaml": "b", "package-lock.json": "b", ".github/workflows/apply.yml": "b" },
      [".github/workflows/apply.yml", "Pulumi.yaml", "package-lock.json"],
    ],
    ["a policy that nothing names", { "other.yaml": "a" }, { "other.yaml": "b" }, ["other.yaml"]],
    ["text in a service's folder", {}, { "services/agent/soul.md": "b" }, ["services/agent/soul.md"]],
  ])("%s: told, and no clean bill", (_, before, after, unread) => {
    const report = compared(before, after);
    expect(report.unread).toEqual(unread);
    expect(verdictOf(report)).toEqual({
      exitCode: 2,
      headline: "Nothing of what was read changes, and files do that were not read",
    });
    const outline = outlineOf(report);
    const count = unread.length === 1 ? "1 file" : `${unread.length} files`;
    expect(outline.sections).toContainEqual(
      expect.objectContaining({
        short: `${count} changed that this comparison does not read: ${unread.join(", ")}`,
        open: false,
      }),
    );
    for (const text of [markdownOf(outline), htmlOf(outline)]) expect(text).not.toMatch(/✅|Nothing changes/);
  });

  test.each<[string, Files, Files]>([
    ["the same everywhere", { [program]: "a" }, { [program]: "a" }],
    ["text for people, and tests", { "README.md": "a" }, { "README.md": "b", "docs/a.md": "b", "test/a.ts": "b" }],
    [
      "what checks the sources",
      {},
      { "biome.json": "b", "vitest.config.ts": "b", ".gitignore": "b", "knip.json": "b" },
    ],
    ["what a folder's README says", {}, { "services/README.md": "b" }],
    ["another stack's file, and examples", {}, { "stacks/Pulumi.dev.yaml": "b", "stacks/examples/aws.yaml": "b" }],
    ["a preset that the stack does not name", {}, { "policies/presets/ours.yaml": "b" }],
    ["a comment in the stack file", {}, { [stackPath]: `# why\n${stackFile()}` }],
    ["a comment in its policy", {}, { "own.yaml": "# why\nversion: 1\n" }],
  ])("%s: nothing changes", (_, before, after) => {
    expect(verdictOf(compared(before, after))).toEqual({ exitCode: 0, headline: "Nothing changes" });
  });

  test.each(["./own.yaml", "policies/../own.yaml", "./policies/.././own.yaml"])(
    "a policy named %s was read",
    (path) => {
      const named = { [stackPath]: stackFile().replace("own.yaml", path) };
      const report = compared(named, { ...named, "own.yaml": "# why\nversion: 1\n" });
      expect(verdictOf(report)).toEqual({ exitCode: 0, headline: "Nothing changes" });
    },
  );

  test("are told beside what changes, of which nothing more is claimed", () => {
    const after = { [program]: "b", [stackPath]: stackFile().replace("m1", "m2") };
    expect(verdictOf(compared({ [program]: "a" }, after))).toEqual({
      exitCode: 2,
      headline: "Changes, none of which widens access; changes files that were not read",
    });
  });

  test("are no more than three in the summary, and all in the list", () => {
    const report = compared({}, Object.fromEntries(["a", "b", "c", "d"].map((name) => [`host/${name}.ts`, "b"])));
    const section = outlineOf(report).sections.find(({ title }) => title === "Not read");
    expect(section?.short).toMatch(/^4 files .*: host\/a.ts, host\/b.ts, host\/c.ts, …$/);
    expect(section?.tables[0]?.rows).toHaveLength(4);
  });

  test("are told beside a preview, too, also those that it runs: it may not look into what they make", () => {
    const preview = reportOfPreview({ stack: "prod", preview: readPreview(previewJson([]), "it"), compared: "" });
    const run = ["components/agent-sandbox.ts", "resources/sandbox.ts", "stacks/index.ts"];
    const beside = (...files: string[]) =>
      combine(preview, compared({}, Object.fromEntries(files.map((file) => [file, "b"]))));
    expect(beside(program, "Pulumi.yaml", ...run).unread).toEqual(["Pulumi.yaml", ...run, program].sort());
    for (const file of [program, ...run]) expect(verdictOf(beside(file)).exitCode).toBe(2);
  });
});
