import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import { type Engine, runEngine } from "../../scripts/engine-choice.ts";
import { stackStateFile } from "../../scripts/local-backend.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { cutCreations } from "../support/cut-creations.ts";
import { embeddedEngine, realCli } from "../support/engines.ts";
import { LocalStack, resourcesThat } from "../support/local-stack.ts";
import { expectNoSecretIn, placesToSearch } from "../support/secret-search.ts";
import { setting } from "../support/stack-file.ts";
import { watchProgram } from "../support/watch-program.ts";

/**
 * The same quick start under the real Pulumi CLI, and an environment made by the embedded engine taken over by it. Skipped
 * where no CLI is on PATH or in ~/.pulumi.
 */

const beingMade = (stack: LocalStack) => cutCreations(stackStateFile(stack.name));

/** Runs the quick start and kills it, and all that it has started, while it makes a resource. */
async function killedInCreation(stack: LocalStack, resource: string): Promise<void> {
  const env = { ...process.env, NEMOCLAW_ENGINE: stack.engine.kind, NO_COLOR: "1" };
  const words = [join(cloneFolder, "scripts", "quickstart"), "-s", stack.name];
  await using run = watchProgram(words, { cwd: cloneFolder, env, ownGroup: true });
  // A state that is just being written cannot be read; it is asked again.
  await expect.poll(() => beingMade(stack).includes(resource), { interval: 20, timeout: 120_000 }).toBe(true);
  run.kill("SIGKILL", "group");
  await run.ended;
}

const changed = /\b(created|updated|replaced|deleted) \(/;

describe("the main job, on the real Pulumi CLI", { timeout: 900_000 }, async () => {
  const cli = await realCli();
  let stack: LocalStack;

  beforeAll(async () => {
    if (!cli) return;
    stack = await LocalStack.open(`${testStackPrefix}-cli`, cli);
    await stack.destroy();
  });
  afterAll(async () => {
    if (cli) await stack.destroy();
  });

  const real = (name: string, check: () => Promise<void>) =>
    test(name, async ({ skip }) => {
      if (!cli) skip("no Pulumi CLI on PATH or in ~/.pulumi; with one, this runs the quick start on it");
      await check();
    });

  real("an environment made by the embedded engine is taken over without a change", async () => {
    const embedded = await LocalStack.open(stack.name, await embeddedEngine());
    const made = await embedded.script("quickstart");
    expect(made.exitCode, made.stdout + made.stderr).toBe(0);

    const exported = await embedded.pulumi("stack", "export");
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-takeover-"));
    const file = join(folder, "state.json");
    await writeFile(file, exported.stdout);
    try {
      const imported = await runEngine(cli as Engine, stack.name, [
        "stack",
        "import",
        "--file",
        file,
        "-s",
        stack.name,
      ]);
      expect(imported.exitCode, imported.stderr).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
    const preview = await stack.pulumi("preview", "--expect-no-changes", "--color", "never");
    expect(preview.exitCode, preview.stdout + preview.stderr).toBe(0);
  });

  real("quickstart again, on the CLI, changes nothing", async () => {
    const { exitCode, stdout } = await stack.script("quickstart");
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toMatch(/This is the DEMO model/);
    expect(resourcesThat(changed, stdout)).toEqual([]);
  });

  real("a refresh shows drift, over one SSH handshake, and up mends it", async () => {
    await stack.shell("systemctl stop nemoclaw-bridge@main");
    const look = () => stack.pulumi("refresh", "--preview-only", "--diff", "--color", "never");
    const { handshakes, result: seen } = await stack.handshakesDuring(look);
    expect(handshakes).toBe(1);
    expect(seen.stdout).toMatch(/running\s*: true => false/);
    await stack.up("--refresh");
    expect(await stack.shell("systemctl is-active nemoclaw-bridge@main")).toBe("active\n");
  });

  real("a model switch updates one resource and keeps the agent's process", async () => {
    const pid = await stack.agentPid();
    await stack.configure(setting("inference", { model: "demo-2" }));
    expect(resourcesThat(/updated \(/, await stack.up())).toContain("main-inference");
    expect((await stack.turn("Which model?")).model).toBe("demo-2");
    expect(await stack.agentPid()).toBe(pid);
  });

  real("a saved plan is what is applied", async () => {
    await stack.configure(setting("inference", { model: "demo-3" }));
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-plan-"));
    try {
      const plan = join(folder, "plan.json");
      const saved = await stack.pulumi("preview", "--save-plan", plan, "--color", "never");
      expect(saved.exitCode, saved.stdout + saved.stderr).toBe(0);
      await stack.up("--plan", plan);
      expect((await stack.turn("Which model?")).model).toBe("demo-3");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  real("a review names a rotated secret, and one of which the machine holds another", async () => {
    const key = String((await stack.state()).find("nemoclaw:host:InferenceRoute")?.inputs.key);
    const rotated = `rotated-${key}`;
    const secretsIn = async () => {
      const { stdout, stderr, exitCode } = await stack.script("review", "--json");
      expect(exitCode, stdout + stderr).toBe(2);
      for (const value of [key, rotated]) expect(stdout + stderr).not.toContain(value);
      return (JSON.parse(stdout) as { secrets: object[] }).secrets;
    };
    await stack.setSecret("nemoclaw:inferenceKey", rotated);
    expect(await secretsIn()).toEqual([{ name: "key of main-inference", kind: "changed" }]);

    await stack.setSecret("nemoclaw:inferenceKey", key);
    await stack.shell("printf 'another' >/etc/nemoclaw/credentials/nemoclaw-bridge@main.telegram-token");
    const note = "the machine holds another one than the last update left there";
    expect(await secretsIn()).toEqual([{ name: "token of telegram", kind: "changed", note }]);
    const drift = await stack.script("drift", "--json");
    expect(drift.exitCode, drift.stderr).toBe(2);
    expect(JSON.parse(drift.stdout)).toMatchObject({ drift: [{ name: "telegram", values: [], secrets: ["token"] }] });
    await stack.up("--refresh");
    expect((await stack.pulumi("preview", "--refresh", "--expect-no-changes")).exitCode).toBe(0);
  });

  real(
    "a quick start killed while it creates something goes on from there, and a look at the stack is not refused",
    async () => {
      const telegram = "nemoclaw:telegram";
      let before: unknown;
      await stack.configure((config) => {
        before = config[telegram];
        delete config[telegram];
      });
      expect(resourcesThat(/deleted \(/, await stack.up())).toContain("telegram");
      await stack.configure((config) => {
        config[telegram] = before;
      });
      await killedInCreation(stack, "telegram");
      expect(beingMade(stack)).toEqual(["telegram"]);

      const { exitCode, stdout, stderr } = await stack.script("quickstart");
      expect(exitCode, stdout + stderr).toBe(0);
      expect(beingMade(stack)).toEqual([]);
      for (const look of ["drift", "review"]) {
        const looked = await stack.script(look);
        expect(looked.exitCode, looked.stdout + looked.stderr).toBe(0);
      }
    },
  );

  real(
    "no secret is in clear in the CLI's state, in output, logs, process lists, unit files or containers' settings",
    async () => {
      await expectNoSecretIn(stack, await placesToSearch(stack));
    },
  );

  real("destroy on the CLI leaves nothing", async () => {
    const { exitCode, stdout } = await stack.destroy();
    expect(exitCode, stdout).toBe(0);
  });
});
