import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unknownToGit } from "../../review/revisions/unknown-to-git.ts";
import { putProgram } from "../support/stand-ins.ts";

const project = resolve(import.meta.dirname, "../..");
let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "nemoclaw-unknown-"));
  folder = join(root, "clone");
  mkdirSync(folder);
});
afterEach(() => rmSync(root, { recursive: true }));

type Files = Readonly<Record<string, string>>;

function put(files: Files): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
}

/** Makes a commit with a stack's settings and some files, and then lays other files beside them. */
function checkout(settings: object, { committed = {}, beside = {} }: { committed?: Files; beside?: Files }): void {
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", ...words]);
  const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`nemoclaw:${key}`, value]));
  put({ ".gitignore": "*.ignored\nstacks/Pulumi.local*\nnode_modules/\n", ...committed });
  put({ "stacks/Pulumi.prod.yaml": JSON.stringify({ config }) });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "one");
  put(beside);
}

const policy = { policy: { file: "site/policy.yaml" } };
const lock = JSON.stringify({ artifacts: {}, images: {}, npm: { agent: { lockfile: "a/package-lock.json" } } });
const agent = JSON.stringify({ dependencies: { openclaw: "2026.9.6" } });

test.each<[string, object, Files, string[], Files?]>([
  ["a policy file", policy, { "site/policy.yaml": "version: 1" }, ["site/policy.yaml"]],
  ["one that git ignores", { policy: { file: "site/p.ignored" } }, { "site/p.ignored": "" }, ["site/p.ignored"]],
  ["one in another spelling", { policy: { file: "./x/../own.yaml" } }, { "own.yaml": "" }, ["own.yaml"]],
  ["one that a link leads to", policy, { "own.yaml": "" }, ["own.yaml"], { "site/policy.yaml": "-> ../own.yaml" }],
  ["a link", policy, { "site/policy.yaml": "-> ../a.yaml" }, ["site/policy.yaml"], { "a.yaml": "" }],
  ["authorities", { mirrors: { ca: "site/ca.pem" } }, { "site/ca.pem": "" }, ["site/ca.pem"]],
  [
    "authorities beside settings that are refused",
    { mirrors: { ca: "site/ca.pem" }, machine: { kind: "none" }, policy: { presets: ["none"] } },
    { "site/ca.pem": "" },
    ["site/ca.pem"],
  ],
  ["a lock file", {}, { "site/lock.json": lock }, ["site/lock.json"]],
  [
    "packages that a lock file names",
    {},
    { "a/package.json": agent, "a/package-lock.json": "{}" },
    ["a/package-lock.json", "a/package.json"],
    { "site/lock.json": lock },
  ],
  ["a preset", { policy: { presets: ["pypi"] } }, { "policies/presets/pypi.yaml": "" }, ["policies/presets/pypi.yaml"]],
])("what a stack's settings name and no commit has: %s", (_, settings, beside, named, committed) => {
  checkout(settings, { beside, committed });
  expect(unknownToGit(folder, "prod", "HEAD", "site/lock.json")).toEqual(named);
});

test("a stack file that git ignores, whatever is in it", () => {
  checkout({}, { beside: { "stacks/Pulumi.local-a.yaml": "" } });
  expect(unknownToGit(folder, "local-a", "HEAD")).toEqual(["stacks/Pulumi.local-a.yaml"]);
});

test("nothing where all of it is committed, is not there, or lies outside the checkout", () => {
  const committed = { "site/policy.yaml": "version: 1", "site/lock.json": lock };
  checkout({ ...policy, mirrors: { ca: "../ca.pem" } }, { committed, beside: { "../ca.pem": "" } });
  expect(unknownToGit(folder, "prod", "HEAD", "site/lock.json")).toEqual([]);
  expect(unknownToGit(folder, "other", "HEAD", join(root, "lock.json"))).toEqual([]);
});

test("nothing of what pipelines and people put beside it", () => {
  const names = [
    "reviewed-prod/plan.json",
    "found/drift.md",
    "drift-prod/drift.html",
    "gha-creds-1.json",
    "policy.yaml",
  ];
  const kept = ["node_modules/yaml/index.js", ".nemoclaw/passphrase"];
  const beside = Object.fromEntries([...names, ...kept].map((name) => [name, ""]));
  checkout(policy, { beside, committed: { "site/policy.yaml": "version: 1" } });
  expect(unknownToGit(folder, "prod", "HEAD")).toEqual([]);
});

test("the step of the pipelines asks for it, by the stack's own name", () => {
  checkout(policy, { beside: { "site/policy.yaml": "version: 1", "reviewed-prod/plan.json": "" } });
  // The project's own program, at work in this checkout.
  putProgram(join(folder, "scripts"), "with-node.sh", `script=$1; shift; exec node "${project}/$script" "$@"`);
  execFileSync("git", ["-C", folder, "add", "scripts"]);
  execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "two"]);
  const step = join(project, "gitops/steps/as-committed");
  const words = ["acme/nemoclaw/prod", "HEAD"];
  const { status, stderr } = spawnSync(step, words, { cwd: folder, encoding: "utf8" });
  expect(stderr).toMatch(/is a commit:\nsite\/policy\.yaml\nCommit them/);
  expect(status).toBe(1);
});
