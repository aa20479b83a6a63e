import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

/** GitLab's pipeline, checked by `gitlab-ci-local`, which carries GitLab's own schema and works out which jobs run. */

const linter = fileURLToPath(import.meta.resolve("gitlab-ci-local"));
const pipeline = resolve(import.meta.dirname, "../../gitops/gitlab/.gitlab-ci.yml");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-gitlab-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The jobs that run, as `name: when`, in a repository whose pipeline has these lines. */
function jobs(text: string, variables: Record<string, string> = {}) {
  const git = (...words: string[]) => execFileSync("git", ["-C", folder, ...words], { stdio: "pipe" });
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", "https://gitlab.example/a/b.git");
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  writeFileSync(join(folder, ".gitlab-ci.yml"), text);
  git("add", ".");
  git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "one");
  const set = Object.entries(variables).flatMap(([name, value]) => ["--variable", `${name}=${value}`]);
  const ignored = { GCL_IGNORE_PREDEFINED_VARS: Object.keys(variables).join(",") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [linter, "--list-csv", ...set], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: folder, NO_COLOR: "1", ...ignored },
  });
  const rows = stdout.trim().split("\n").slice(1);
  return {
    status,
    says: stdout + stderr,
    run: rows.map((row) => row.split(";")).map(([name, , when]) => `${name}: ${when}`),
  };
}

const ours = readFileSync(pipeline, "utf8");
const each = (job: string, when: string) => ["staging", "production"].map((stack) => `${job}: [${stack}]: ${when}`);

test.each([
  [
    "a merge request",
    { CI_PIPELINE_SOURCE: "merge_request_event", CI_COMMIT_BRANCH: "" },
    each("review", "on_success"),
  ],
  ["the default branch", { CI_PIPELINE_SOURCE: "push" }, [...each("plan", "on_success"), ...each("apply", "manual")]],
  ["the schedule", { CI_PIPELINE_SOURCE: "schedule" }, each("drift", "on_success")],
])("keeps to GitLab's schema, and on %s runs just what it should", (_, variables, wanted) => {
  const { status, says, run } = jobs(ours, variables);
  expect(status, says).toBe(0);
  expect(run).toEqual(wanted);
});

test.each([
  ["a key it does not know", ours.replace("resource_group:", "resource_grup:"), /resource_grup/],
  ["another type", ours.replace("interruptible: false", "interruptible: maybe"), /must be boolean/],
])("the linter sees %s", (_, broken, says) => {
  const found = jobs(broken);
  expect(found.status).toBe(1);
  expect(found.says).toMatch(says);
});

test("an apply waits for the plan of its own pipeline, one at a time for each environment", () => {
  const { apply } = parse(ours, { merge: true });
  expect(apply).toMatchObject({ needs: ["plan"], resource_group: "$STACK", environment: { name: "$STACK" } });
});

const credentials = z.object({
  id_tokens: z.record(z.string(), z.object({ aud: z.string() })),
  before_script: z.array(z.string()),
});

/** Runs what comes before a job's own lines, and then these. */
function prepare(more: Record<string, string>, ...then: string[]) {
  const { before_script } = credentials.parse(parse(ours, { merge: true }).default);
  const script = [...before_script.filter((line) => !line.startsWith("npm ")), ...then];
  const env = { PATH: process.env.PATH, CI_BUILDS_DIR: folder, CI_JOB_ID: "7", ...more };
  cpSync(join(pipeline, "../../steps"), join(folder, "gitops/steps"), { recursive: true });
  return spawnSync("bash", ["--norc", "-ec", script.join("\n")], { cwd: folder, encoding: "utf8", env });
}

test("a job's credentials for Google Cloud are the job's own identity", () => {
  const provider = "projects/1/locations/global/workloadIdentityPools/pool/providers/gitlab";
  const google = {
    GCP_TOKEN: "the-token",
    GCP_PROVIDER: provider,
    GCP_SERVICE_ACCOUNT: "review@p.iam.gserviceaccount.com",
  };
  const shown = "printenv GOOGLE_APPLICATION_CREDENTIALS CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE";
  const { status, stdout, stderr } = prepare({ AWS_TOKEN: "a-token", ...google }, shown);
  const file = join(folder, ".gcp-7/credentials.json");
  expect([status, stdout, stderr]).toEqual([0, `${file}\n${file}\n`, ""]);
  const made = JSON.parse(readFileSync(file, "utf8"));
  expect(made).toMatchObject({
    type: "external_account",
    audience: `//iam.googleapis.com/${provider}`,
    credential_source: { file: join(folder, ".gcp-7/token") },
  });
  const { id_tokens } = credentials.parse(parse(ours).default);
  expect(`https:${made.audience}`).toBe(id_tokens.GCP_TOKEN?.aud.replace("$GCP_PROVIDER", provider));
  expect(readFileSync(made.credential_source.file, "utf8")).toBe("the-token");
  expect(readFileSync(file, "utf8")).not.toContain("the-token");
  expect(statSync(made.credential_source.file).mode & 0o077).toBe(0);

  expect(prepare({ AWS_TOKEN: "a-token" }, `${shown} || :`).stdout).toBe("");
  expect(prepare({ AWS_TOKEN: "a-token", ...google, GCP_PROVIDER: "pool" }).stderr).toContain(
    "GCP_PROVIDER is not projects/NUMBER/",
  );
});

test("a job's credentials for AWS are the job's own identity, in a file for its own user alone", () => {
  const shown = "printenv AWS_WEB_IDENTITY_TOKEN_FILE || echo none";
  const file = join(folder, ".aws-token-7");
  const role = { AWS_TOKEN: "a-token", AWS_ROLE_ARN: "arn:aws:iam::1:role/review" };
  expect(prepare(role, shown).stdout).toBe(`${file}\n`);
  expect(readFileSync(file, "utf8")).toBe("a-token");
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(prepare({ AWS_TOKEN: "a-token" }, shown).stdout).toBe("none\n");
});
