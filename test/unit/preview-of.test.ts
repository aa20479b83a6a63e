import { beforeEach, expect, test, vi } from "vitest";
import { previewOf } from "../../scripts/preview-of.ts";
import type { Finished } from "../../scripts/run-program.ts";
import { previewJson } from "../support/preview-fixture.ts";

/** What the engine gives of a preview. */
let made: Partial<Finished>;
beforeEach(() => {
  made = {};
});
vi.mock("../../scripts/engine-choice.ts", () => ({
  findEngine: async () => ({ kind: "embedded", about: "a stand-in" }),
  runEngine: async (_engine: unknown, _stack: string, [command]: string[]) => ({
    ...{ exitCode: 0, stdout: "{}", stderr: "" },
    ...(command === "preview" ? made : {}),
  }),
}));

const said = "error: no stack named prod; make it with stack init prod";
const failed = `the preview of stack prod failed\n  ran   pulumi preview --refresh --json --show-sames   (exit 1)\n  said  ${said}`;

test.each([
  ["nothing", ""],
  // The embedded engine, of one that failed before its first step.
  ["an empty digest", "{}\n"],
  ["a digest that breaks off", '{ "steps": [ { "op"'],
  ["a digest of something else", '{ "steps": 3 }'],
  ["a whole digest", previewJson([])],
])("a preview that failed tells what the engine said, where it printed %s", async (_what, stdout) => {
  made = { exitCode: 1, stdout, stderr: `${said}\n` };
  await expect(previewOf("prod", () => {})).rejects.toThrow(failed);
});

test("a preview that tells itself why it failed is told by that", async () => {
  const stdout = previewJson([], { diagnostics: [{ message: "the token is wrong", severity: "error" }] });
  made = { exitCode: 255, stdout, stderr: "noise" };
  await expect(previewOf("prod", () => {})).rejects.toThrow(
    "the preview of stack prod failed, so there is nothing to review:\n  the token is wrong",
  );
});

test("a preview that did not fail and is none is told by what it lacks", async () => {
  made = { stdout: "{}" };
  await expect(previewOf("prod", () => {})).rejects.toThrow("the preview of stack prod has no summary of changes");
});
