import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { validateWorkflow } from "@action-validator/core";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { exportStack } from "../../engine/stacks.ts";
import { refuseLeftHalfWay } from "../../review/preview/left-half-way.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { Toys } from "../fixtures/engine/toys.ts";

const project = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(project, path), "utf8");

const workflows = readdirSync(join(project, "gitops/github"));

describe("GitHub workflows", () => {
  test.each(workflows)("%s keeps to the published schema", (file) => {
    expect(validateWorkflow(read(`gitops/github/${file}`)).errors).toEqual([]);
  });

  test("the validator sees a fault", () => {
    const broken = read("gitops/github/review.yml").replace("runs-on: ubuntu-latest", "runs-on-typo: ubuntu-latest");
    expect(validateWorkflow(broken).errors).not.toEqual([]);
  });

  test.each(workflows)("%s pins every action by commit and names its version", (file) => {
    const uses = read(`gitops/github/${file}`).match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThan(3);
    for (const one of uses) expect(one).toMatch(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test.each(workflows)("%s has no long-lived key, few permissions, and no expression inside a shell line", (file) => {
    const text = read(`gitops/github/${file}`);
    expect(text).not.toMatch(/AWS_SECRET_ACCESS_KEY|aws-secret-access-key|credentials_json|pull_request_target/);
    const { permissions, jobs } = parse(text);
    expect(permissions).toEqual({});
    for (const job of Object.values<{ permissions: object; steps: { run?: string }[]; "timeout-minutes": number }>(
      jobs,
    )) {
      expect(
        Object.keys(job.permissions).filter((name) => !["contents", "id-token", "pull-requests"].includes(name)),
      ).toEqual([]);
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      for (const { run = "" } of job.steps) expect(run).not.toContain("${{");
    }
  });

  test.each([
    ["review.yml", { pull_request: { branches: ["main"] } }],
    ["apply.yml", { push: { branches: ["main"] } }],
    ["drift.yml", { schedule: [{ cron: expect.stringMatching(/^\d+ \d+ \* \* \*$/) }], workflow_dispatch: null }],
  ])("%s runs when it should, and at nothing else", (file, when) => {
    expect(parse(read(`gitops/github/${file}`)).on).toEqual(when);
  });

  test.each(workflows)("%s has every job that touches a cloud log in by OIDC, before it does", (file) => {
    const { jobs } = parse(read(`gitops/github/${file}`)) as {
      jobs: Record<string, { permissions: object; steps: { uses?: string; run?: string; with?: object }[] }>;
    };
    for (const { permissions, steps } of Object.values(jobs)) {
      expect(permissions).toMatchObject({ "id-token": "write" });
      const at = (name: string) => steps.findIndex(({ uses = "", run = "" }) => `${uses}${run}`.includes(name));
      const [aws, google, step] = ["configure-aws-credentials@", "google-github-actions/auth@", "gitops/steps/"].map(
        at,
      );
      expect(steps[aws ?? -1]?.with).toMatchObject({ "role-to-assume": expect.stringContaining("vars.AWS_ROLE") });
      expect(steps[google ?? -1]?.with).toMatchObject({
        workload_identity_provider: expect.stringContaining("vars.GCP_PROVIDER"),
      });
      expect(Math.max(aws ?? 0, google ?? 0)).toBeLessThan(step ?? -1);
    }
  });

  test("applying waits for an environment's approval and takes the plan of its own run", () => {
    const { jobs } = parse(read("gitops/github/apply.yml"));
    expect(jobs.apply).toMatchObject({ needs: "plan", environment: "\u0024{{ matrix.stack }}" });
    expect(JSON.stringify(jobs.apply.steps)).toMatch(/download-artifact.*gitops\/steps\/apply/);
  });
});

// Ours, after the custom resource definition of operator 2.9: the fields that the sample uses, with their types.
const fromSecret = z.strictObject({
  type: z.literal("Secret"),
  secret: z.strictObject({ name: z.string(), key: z.string() }),
});
const operatorStack = z.strictObject({
  apiVersion: z.literal("pulumi.com/v1"),
  kind: z.literal("Stack"),
  metadata: z.strictObject({ name: z.string(), namespace: z.string() }),
  spec: z.strictObject({
    serviceAccountName: z.string(),
    stack: z.string(),
    projectRepo: z.url({ protocol: /^https$/ }),
    branch: z.string().startsWith("refs/heads/"),
    gitAuth: z.strictObject({ accessToken: fromSecret }),
    backend: z.string(),
    secretsRef: z.record(z.string().startsWith("nemoclaw:"), fromSecret),
    refresh: z.literal(true),
    continueResyncOnCommitMatch: z.literal(true),
    resyncFrequencySeconds: z.int().min(60),
    destroyOnFinalize: z.literal(false),
    retryOnUpdateConflict: z.boolean(),
    workspaceReclaimPolicy: z.enum(["Retain", "Delete"]),
    workspaceTemplate: z.strictObject({
      spec: z.strictObject({
        image: z.string().regex(/@sha256:/),
        securityProfile: z.enum(["restricted", "baseline"]),
        resources: z.unknown(),
        podTemplate: z.strictObject({
          spec: z.strictObject({ containers: z.array(z.looseObject({ name: z.literal("pulumi") })) }),
        }),
      }),
    }),
  }),
});

test("the operator's Stack keeps to our schema of it, and no secret stands in it", () => {
  const documents = parseAllDocuments(read("gitops/kubernetes/stack.yaml")).map((one) => one.toJS());
  expect(documents.map(({ kind }) => kind)).toEqual(["ServiceAccount", "ClusterRoleBinding", "Stack"]);
  const { spec } = operatorStack.parse(documents[2]);
  expect(Object.keys(spec.secretsRef)).toContain("nemoclaw:sshPrivateKey");
  const passphrase = documents[2].spec.workspaceTemplate.spec.podTemplate.spec.containers[0].env[0];
  expect(passphrase).toMatchObject({ name: "PULUMI_CONFIG_PASSPHRASE", valueFrom: { secretKeyRef: {} } });
});

const cli = RealCli.find();

describe("an update that was interrupted while it created something that the program has given up", {
  timeout: 180_000,
}, () => {
  const interrupted = async () => {
    const toys = await Toys.make('const b = new Thing("b", {}); new Thing("a", { fail: "die" }, { dependsOn: b });');
    await expect(toys.up()).rejects.toThrow("failed");
    toys.program('new Thing("b", {});');
    return toys;
  };
  const halfWay = /is half-way[\s\S]*Thing a[\s\S]*--clear-pending-creates/;

  test("is an error, and no clean bill, on the embedded engine", async () => {
    using toys = await interrupted();
    const exported = async () => JSON.stringify(await exportStack(toys.target, false));
    expect(await toys.preview()).toMatchObject({ changes: { same: 2 } });
    const before = await exported();
    expect(() => refuseLeftHalfWay(before, "local")).toThrow(halfWay);
    await toys.refresh({ clearPendingCreates: true });
    const after = await exported();
    expect(() => refuseLeftHalfWay(after, "local")).not.toThrow();
  });

  test("is one on the real CLI, whose preview says nothing of it", async ({ skip }) => {
    if (!cli) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so no real preview");
    const real = cli as RealCli;
    using toys = await interrupted();
    const preview = real.run(toys, ["preview", "--refresh", "--json"]);
    expect(preview.said).not.toContain("pending");
    const report = reportOfPreview({ stack: "local", preview: readPreview(preview.stdout, "it"), compared: "" });
    expect(verdictOf(report).exitCode).toBe(0);
    const exported = () => real.run(toys, ["stack", "export"]).stdout;
    expect(() => refuseLeftHalfWay(exported(), "local")).toThrow(halfWay);
    expect(real.run(toys, ["up", "--yes", "--skip-preview", "--refresh"]).code).toBe(0);
    expect(() => refuseLeftHalfWay(exported(), "local")).toThrow(halfWay);
    expect(real.run(toys, ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]).code).toBe(0);
    expect(() => refuseLeftHalfWay(exported(), "local")).not.toThrow();
  });
});

test("the real CLI saves a plan, applies exactly it, and refuses it for anything else; its JSON tells the drift", {
  timeout: 180_000,
}, async ({ skip }) => {
  if (!cli) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so no real plan");
  const real = cli as RealCli;
  using toys = await Toys.make('new Thing("a", { key: "k", value: new pulumi.Config().get("value") ?? "one" });');
  expect(real.run(toys, ["up", "--yes", "--skip-preview"]).code).toBe(0);
  toys.world = JSON.parse(JSON.stringify(toys.world).replace('"one"', '"drifted"'));
  real.run(toys, ["config", "set", "value", "two"]);
  const preview = real.run(toys, ["preview", "--refresh", "--json", "--save-plan", "plan.json"]);
  expect(preview.code).toBe(0);
  const report = reportOfPreview({
    stack: "local",
    preview: readPreview(preview.stdout, "the real preview"),
    compared: "",
  });
  expect(report.resources).toMatchObject([
    { name: "a", operation: "update", values: [{ path: "value", before: "drifted", after: "two" }] },
  ]);
  expect(report.drift).toMatchObject([{ name: "a", values: [{ path: "value", before: "one", after: "drifted" }] }]);

  const apply = ["up", "--yes", "--refresh", "--skip-preview", "--plan", "plan.json"];
  real.run(toys, ["config", "set", "value", "three"]);
  expect(real.run(toys, apply).code).not.toBe(0);
  expect(JSON.stringify(toys.world)).not.toContain("three");
  real.run(toys, ["config", "set", "value", "two"]);
  expect(real.run(toys, apply).code).toBe(0);
  expect(JSON.stringify(toys.world)).toContain('"two"');
});

test("the real CLI keeps the revision that was applied last beside the state, over updates", {
  timeout: 180_000,
}, async ({ skip }) => {
  if (!cli) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so no real tags");
  const real = cli as RealCli;
  using toys = await Toys.make('new Thing("a", {});');
  const tags = () => real.run(toys, ["stack", "tag", "ls", "--json"]);
  expect(tags()).toMatchObject({ code: 0, stdout: "{}\n" });
  expect(real.run(toys, ["stack", "tag", "set", "nemoclaw:applied", "a1b2"]).code).toBe(0);
  expect(real.run(toys, ["up", "--yes", "--skip-preview"]).code).toBe(0);
  expect(tags().stdout).toMatch(/^ *"nemoclaw:applied": "a1b2",?$/m);
});

test("a plan for the default branch compares with what was applied last, whichever merges were not", () => {
  const steps = ["github/apply.yml", "gitlab/.gitlab-ci.yml"].map((file) => read(`gitops/${file}`));
  for (const text of steps) expect(text).toMatch(/gitops\/steps\/review "\$STACK" applied /);
});
