import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEngine } from "../../scripts/engine-choice.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { askThroughTelegram } from "../../services/demo/drive.ts";
import { brokenAgent, brokenVersion } from "../support/broken-agent.ts";
import { upByBrokenClone, upByChangedClone } from "../support/changed-clone.ts";
import { LocalStack } from "../support/local-stack.ts";
import { pinOwn } from "../support/own-lock.ts";
import { setting } from "../support/stack-file.ts";

/**
 * Upgrades on a real local machine. What is upgraded to are stand-ins: an agent, a bridge and a supervisor that are broken on
 * purpose, and cloudflareds that only say they are connected, or do not. A lock file of the test's own pins what is pinned.
 */
describe("an upgrade that does not work is switched back", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let folder: string;

  const failure = (work: Promise<unknown>) =>
    work.then(
      () => "",
      (error: Error) => error.message,
    );

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    folder = await mkdtemp(join(tmpdir(), "nemoclaw-upgrade-"));
    stack = await LocalStack.open(`${testStackPrefix}-upgrade`, await findEngine());
    await stack.destroy();
    const made = await stack.script("quickstart");
    expect(made.exitCode, made.stdout + made.stderr).toBe(0);
  });
  afterAll(async () => {
    delete process.env.NEMOCLAW_LOCK_FILE;
    await stack.destroy();
    delete process.env.NEMOCLAW_ENGINE;
    await rm(folder, { recursive: true });
  });

  test("an agent that is broken on purpose: the one before answers, and `up` tries again", async () => {
    const before = (await stack.state()).find("nemoclaw:host:Sandbox")?.inputs;
    const current = await stack.shell("readlink /opt/nemoclaw/agent/current");
    const lockfile = await brokenAgent(stack, folder);
    await pinOwn(folder, ({ npm }) => {
      npm.agent = { lockfile };
    });

    for (const time of ["first", "second"]) {
      const said = await failure(stack.up());
      expect(said, time).toMatch(/the upgrade of sandbox main failed on .*, and what ran before it runs again/);
      expect(said, time).toContain("stand-in: broken on purpose");
      const { text, error } = await stack.turn("Are you still there?");
      expect(error).toBeUndefined();
      expect(text).toMatch(/Are you still there/);
      expect(await stack.shell("readlink /opt/nemoclaw/agent/current")).toBe(current);
      expect(await stack.shell("ls /opt/nemoclaw/agent")).toContain(brokenVersion);
      const after = (await stack.state()).find("nemoclaw:host:Sandbox");
      expect([after?.inputs.agent, after?.inputs.definition]).toEqual([before?.agent, before?.definition]);
    }
    expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");

    delete process.env.NEMOCLAW_LOCK_FILE;
    const none = await stack.pulumi("preview", "--refresh", "--expect-no-changes", "--color", "never");
    expect(none.exitCode, none.stdout + none.stderr).toBe(0);
  });

  test.each([
    { part: "bridge", program: "services/telegram-bridge/main.ts", unit: "nemoclaw-bridge@main" },
    {
      part: "bridge that still polls",
      program: "services/telegram-bridge/turn.ts",
      after: "Promise<TurnResult> {\n",
      unit: "nemoclaw-bridge@main",
      reason: "the bridge of main takes a turn: not any more",
    },
    { part: "supervisor", program: "services/sandbox-supervisor/main.ts", unit: "nemoclaw-sandbox@main" },
  ])("a $part that is broken on purpose: the one before serves, and this clone's changes nothing", async (broken) => {
    const runs = () =>
      stack.shell(`systemctl show -p ExecStart --value ${broken.unit} | grep -o '/opt/nemoclaw/[^ ;]*'`);
    const before = await runs();
    const done = await upByBrokenClone(stack, await mkdtemp(join(folder, "clone-")), broken.program, broken.after);
    const said = done.stdout + done.stderr;
    expect(done.exitCode, said).not.toBe(0);
    expect(said).toMatch(/the upgrade of .* failed on .*, and what ran before it runs again/);
    expect(said).toContain("broken on purpose");
    expect(said).toContain(broken.reason ?? "");
    expect(await runs()).toBe(before);
    expect(await stack.shell(`systemctl is-active ${broken.unit}`)).toBe("active\n");
    const asked = { url: await stack.telegramUrl(), chat: 4711, text: `Still there, ${broken.part}?` };
    expect((await askThroughTelegram(asked)).text).toMatch(/Still there/);

    await stack.up("--refresh");
    const none = await stack.pulumi("preview", "--refresh", "--expect-no-changes", "--color", "never");
    expect(none.exitCode, none.stdout + none.stderr).toBe(0);
  });

  test("a supervisor and a bridge that work are taken, each beside the one before, and taken back", async () => {
    const parts = { supervisor: "nemoclaw-sandbox@main", bridge: "nemoclaw-bridge@main" };
    const runs = () =>
      Promise.all(
        Object.values(parts).map((unit) =>
          stack.shell(
            `systemctl is-active ${unit}; systemctl show -p ExecStart --value ${unit} | grep -o '/opt/nemoclaw/[^ ;]*'`,
          ),
        ),
      );
    const answers = async (text: string) =>
      (await askThroughTelegram({ url: await stack.telegramUrl(), chat: 4711, text })).text;
    const before = await runs();
    const newer = (text: string) => `${text}\nObject.assign(globalThis, { newer: true });\n`;
    const done = await upByChangedClone(stack, await mkdtemp(join(folder, "clone-")), {
      "services/sandbox-supervisor/main.ts": newer,
      "services/telegram-bridge/main.ts": newer,
    });
    const said = done.stdout + done.stderr;
    expect(done.exitCode, said).toBe(0);
    const after = await runs();
    for (const [index, one] of after.entries()) {
      expect(one).toMatch(/^active\n/);
      expect(one).not.toBe(before[index]);
    }
    expect(await answers("Are you newer?")).toMatch(/Are you newer/);
    expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");
    for (const path of before.join("\n").match(/\/opt\/nemoclaw\/\S*\.mjs/g) ?? [])
      await stack.shell(`test -f ${path}`);

    await stack.up();
    expect(await runs()).toEqual(before);
    expect(await answers("Are you back?")).toMatch(/Are you back/);
  });

  test("a changed service that works stays: a turn was answered before and after", async () => {
    await stack.configure(setting("limits", { pids: 700 }));
    await stack.up();
    expect(await stack.shell("systemctl show -p TasksMax nemoclaw-sandbox@main")).toBe("TasksMax=700\n");
    expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");
    expect((await stack.turn("And now?")).text).toMatch(/And now/);
  });

  test("a stand-in for cloudflared: from one version to the next, and back from one that is broken on purpose", async () => {
    const good = await readFile("test/support/cloudflared-stand-in.mjs", "utf8");
    const bad = '#!/usr/bin/env node\nconsole.error("stand-in: broken on purpose");\nprocess.exit(1);\n';
    const url = async () => (await stack.state()).find("nemoclaw:host:CloudflareTunnel")?.outputs.url;
    const running = () =>
      stack.shell("readlink /opt/nemoclaw/cloudflared/current; systemctl is-active nemoclaw-tunnel@main");

    await pinTunnel("2099.1.0", good);
    await stack.configure((config) => {
      config["nemoclaw:tunnel"] = { kind: "quick", access: "public", reason: "a test" };
      setting("mirrors", { artifacts: "file:///srv/mirror" })(config);
    });
    await stack.up();
    expect(await url()).toMatch(/trycloudflare/);

    await pinTunnel("2099.2.0", `${good}\n// newer\n`);
    await stack.up();
    expect(await running()).toBe("2099.2.0\nactive\n");

    await pinTunnel("2099.3.0", bad);
    const said = await failure(stack.up());
    expect(said).toMatch(/the upgrade of tunnel of main failed on .*, and what ran before it runs again/);
    expect(said).toContain("stand-in: broken on purpose");
    expect(await running()).toBe("2099.2.0\nactive\n");
    expect((await stack.shell("ls /opt/nemoclaw/cloudflared")).split("\n")).toEqual(
      expect.arrayContaining(["2099.1.0", "2099.2.0", "2099.3.0"]),
    );
    const { stdout } = await stack.pulumi("refresh", "--preview-only", "--diff", "--color", "never");
    expect(stdout).not.toContain("has drifted");
  });

  async function pinTunnel(version: string, text: string): Promise<void> {
    const program = Buffer.from(text.replace("#!/usr/bin/env node", "#!/opt/nemoclaw/node/current/bin/node"));
    await stack.put(`/srv/mirror/cloudflared-${version}`, program);
    const sha256 = createHash("sha256").update(program).digest("hex");
    const file = { url: `{artifacts}/cloudflared-${version}`, sha256 };
    await pinOwn(folder, ({ artifacts }) => {
      artifacts.cloudflared = { version, files: { "linux-amd64": file, "linux-arm64": file } };
    });
  }
});
