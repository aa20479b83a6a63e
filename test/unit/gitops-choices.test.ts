import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { putProgram } from "../support/stand-ins.ts";

/** The lines of docs/gitops.md for a review's job that runs no code of a branch near secrets, put where the docs say. */

const project = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(project, path), "utf8");
const [, block = ""] = /```yaml\n([\s\S]*?)```/.exec(read("docs/gitops.md")) ?? [];
const [onGithub, ...onGitlab] = parse(block) as [{ run: string }, ...string[]];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-choices-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(script: string, code: string) {
  putProgram(
    join(folder, "scripts"),
    "review",
    'echo "$*" >asked; [ "$CODE" = 1 ] || { mkdir -p "$6"; : >"$6/review.md"; }; exit "$CODE"',
  );
  putProgram(join(folder, "gitops/steps"), "comment-on-gitlab", 'cp "$1" told');
  const env = { PATH: process.env.PATH, CODE: code, STACK: "prod", BASE: "b", CI_MERGE_REQUEST_DIFF_BASE_SHA: "b" };
  return spawnSync("bash", ["--norc", "-eo", "pipefail", "-c", script], { cwd: folder, env }).status;
}

/** The job's own lines, with those of the docs in the place of the one that calls the step. */
function gitlabJob(): string {
  const { script } = parse(read("gitops/gitlab/.gitlab-ci.yml"), { merge: true }).review as { script: string[] };
  const place = script.findIndex((line) => line.includes("gitops/steps/review "));
  return script.toSpliced(place, 1, ...onGitlab).join("\n");
}

describe("a review without secrets", () => {
  const wanted = { "0": 0, "2": 0, "3": 0, "4": 0, "1": 1 };

  test.each(Object.entries(wanted))("whose report ends with %s ends with %s on GitHub", (code, ends) => {
    expect(run(onGithub.run, code)).toBe(ends);
    expect(readFileSync(join(folder, "asked"), "utf8")).toBe("-s prod --from b --out reviewed\n");
  });

  test.each(Object.entries(wanted))("whose report ends with %s ends with %s on GitLab", (code, ends) => {
    expect(run(gitlabJob(), code)).toBe(ends);
    expect(existsSync(join(folder, "told"))).toBe(code !== "1");
  });

  test("leaves its report where the rest of each job looks for it", () => {
    expect(read("gitops/github/review.yml")).toMatch(/comment-on-github .* reviewed\/review\.md/);
    expect(onGithub.run).toContain("--out reviewed ");
    expect(gitlabJob()).toContain('--out "reviewed-$STACK"');
  });
});
