import { existsSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { docker, list } from "../../host/local/docker.ts";
import { localConfiguration } from "../../scripts/first-run/local-stack.ts";
import { findOperatorMirrors } from "../../scripts/first-run/operator-mirrors.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { realCli } from "../support/engines.ts";
import { PipelineClone } from "../support/pipeline-clone.ts";
import { setting } from "../support/stack-file.ts";

/**
 * What a pipeline does, step by step, on a real local machine: a clone of a git remote, a backend in a folder of its own with
 * a passphrase of its own, and the real Pulumi CLI, which alone saves plans. The services around it (GitHub, GitLab) and what
 * stands behind the machine (the model, Telegram) are stand-ins or not there.
 */

const changed = { no: "0\n", yes: "2\n", widens: "3\n" };

describe("a pipeline's steps, from a git remote to a machine", { timeout: 900_000 }, async () => {
  const cli = await realCli();
  let clone: PipelineClone;
  const stack = `pipeline-${testStackPrefix}`;

  beforeAll(async () => {
    if (!cli) return;
    const { config } = parse(localConfiguration(await findOperatorMirrors())) as { config: Record<string, unknown> };
    clone = await PipelineClone.make(stack, config);
  });
  afterAll(async () => {
    if (!cli) return;
    await clone.run("scripts/pulumi", "destroy", "-s", stack, "--yes", "--skip-preview", "--non-interactive");
    await clone.remove();
  });

  const real = (name: string, check: () => Promise<void>) =>
    test(name, async ({ skip }) => {
      if (!cli) skip("no Pulumi CLI on PATH or in ~/.pulumi, and the embedded engine saves no plans");
      await check();
    });

  const told = (file: string) => readFile(join(clone.folder, "reviewed", file), "utf8");
  const step = async (name: string, ...args: string[]) => {
    const done = await clone.run(`gitops/steps/${name}`, stack, ...args);
    expect(done.exitCode, done.stdout + done.stderr).toBe(0);
    return done;
  };
  const onMachine = async (script: string) => {
    const [id = ""] = await list("container", { "nemoclaw.stack": stack, "nemoclaw.kind": "machine" });
    return docker(["exec", id, "sh", "-c", script]);
  };

  real("a stack in a folder as its backend, with its secrets in its file", async () => {
    const init = await clone.run("scripts/pulumi", "stack", "init", stack);
    expect(init.exitCode, init.stderr).toBe(0);
    for (const [key, value] of [
      ["nemoclaw:inferenceKey", "a-pipeline-s-key"],
      ["nemoclaw:telegramToken", "4711000001:a-pipeline-s-token-of-enough-letters"],
    ] as const) {
      const set = await clone.pipe(value, "scripts/pulumi", "config", "set", "--secret", key, "-s", stack);
      expect(set.exitCode, set.stderr).toBe(0);
    }
    clone.merge("an environment");
    expect(clone.git(clone.folder, "show", `HEAD:stacks/Pulumi.${stack}.yaml`)).toMatch(/secure: v1:/);
  });

  real("a new environment is reviewed, and its plan makes it", async () => {
    await step("review", "-", "reviewed");
    expect(await told("review.md")).toMatch(/machine/);
    expect(await told("review.html")).toMatch(/^<!doctype html>/i);
    const { stdout } = await step("apply", "reviewed");
    expect(stdout).toMatch(/\+ 1\d created/);
    const answer = await clone.run("scripts/chat", "-s", stack, "Are you there?");
    expect(answer.stdout, answer.stderr).toContain("DEMO model");
  });

  real("the same revision again changes nothing, and nothing is applied", async () => {
    await step("review", "HEAD", "reviewed");
    expect(await told("verdict")).toBe(changed.no);
    expect((await step("apply", "reviewed")).stdout).toContain("Nothing changes");
  });

  real("what was merged meanwhile is not applied by an older review, its own review is", async () => {
    await clone.configure(setting("inference", { model: "demo-2" }));
    clone.merge("another model");
    await step("review", "HEAD~1", "reviewed");
    expect(await told("verdict")).toBe(changed.yes);
    expect(await told("review.md")).toMatch(/demo-1.*demo-2/);
    await cp(join(clone.folder, "reviewed"), join(clone.folder, "reviewed-before"), { recursive: true });

    await clone.configure((config) => {
      config["nemoclaw:policy"] = { presets: ["pypi"] };
    });
    clone.merge("access to PyPI");
    const refused = await clone.run("gitops/steps/apply", stack, "reviewed");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("Review it again");

    await step("review", "HEAD~2", "reviewed");
    expect(await told("verdict")).toBe(changed.widens);
    expect(await told("review.md")).toMatch(/pypi\.org/);
    await step("apply", "reviewed");
    const answer = await clone.run("scripts/chat", "-s", stack, "Which model?");
    expect(answer.stdout, answer.stderr).toContain("demo-2");

    // The pipeline of the merge before, approved only now.
    clone.git(clone.folder, "checkout", "-q", "HEAD~1");
    const late = await clone.run("gitops/steps/apply", stack, "reviewed-before");
    expect(late.exitCode, late.stdout + late.stderr).toBe(1);
    expect(late.stderr).toMatch(/Since this was reviewed, [0-9a-f]{40} was applied to stack .* Review it again/);
    clone.git(clone.folder, "checkout", "-q", "-");
  });

  real(
    "what went astray on the machine after a review is not in its plan, which is refused there; the next review has it",
    async () => {
      await clone.configure(setting("inference", { model: "demo-3" }));
      clone.merge("a third model");
      await step("review", "HEAD~1", "reviewed");
      await onMachine("systemctl stop nemoclaw-bridge@main");
      const refused = await clone.run("gitops/steps/apply", stack, "reviewed");
      expect(refused.exitCode, refused.stdout + refused.stderr).not.toBe(0);
      expect(refused.stdout + refused.stderr).toMatch(/TelegramBridge::telegram violates plan/);
      expect(await onMachine("systemctl is-active nemoclaw-bridge@main || :")).toBe("inactive\n");

      await step("review", "HEAD~1", "reviewed");
      expect(await told("review.md")).toMatch(/telegram[\s\S]*running/);
      await step("apply", "reviewed");
      expect(await onMachine("systemctl is-active nemoclaw-bridge@main")).toBe("active\n");
      const answer = await clone.run("scripts/chat", "-s", stack, "Which model?");
      expect(answer.stdout, answer.stderr).toContain("demo-3");
    },
  );

  real("a plan lets nothing through that it does not have, even past the step that compares the files", async () => {
    await clone.configure(setting("inference", { model: "demo-4" }));
    const plan = join(clone.folder, "reviewed/plan.json");
    const words = ["up", "-s", stack, "--yes", "--refresh", "--skip-preview", "--non-interactive", "--plan", plan];
    const refused = await clone.run("scripts/pulumi", ...words);
    expect(refused.exitCode, refused.stdout + refused.stderr).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(/violates plan|constraints violated/);
    clone.git(clone.folder, "checkout", "--", ".");
  });

  real("the nightly look finds drift, with its report, and an update mends it", async () => {
    await onMachine("systemctl stop nemoclaw-bridge@main");
    const seen = await clone.run("gitops/steps/drift", stack, "drift");
    expect(seen.exitCode, seen.stdout + seen.stderr).toBe(2);
    expect(await readFile(join(clone.folder, "drift/drift.md"), "utf8")).toMatch(/telegram[\s\S]*running/);
    expect(existsSync(join(clone.folder, "drift/drift.html"))).toBe(true);
    await step("review", "HEAD", "reviewed");
    await step("apply", "reviewed");
    expect((await step("drift", "drift")).exitCode).toBe(0);
    expect(await onMachine("systemctl is-active nemoclaw-bridge@main")).toBe("active\n");
  });
});
