import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lock } from "../../host/lock.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { LocalStack } from "../support/local-stack.ts";

/**
 * Upgrades on a real local machine. What is upgraded to are stand-ins: an agent that is broken on purpose, and cloudflareds
 * that only say they are connected, or do not. A lock file of the test's own pins them.
 */
const exec = promisify(execFile);
const broken = "2099.1.1";

describe("an upgrade that does not work is switched back", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let folder: string;

  const lock = async (change: (lock: Lock) => void) => {
    const text = process.env.NEMOCLAW_LOCK_FILE ?? "nemoclaw.lock.json";
    const changed = JSON.parse(await readFile(text, "utf8")) as Lock;
    change(changed);
    process.env.NEMOCLAW_LOCK_FILE = join(folder, "lock.json");
    await writeFile(process.env.NEMOCLAW_LOCK_FILE, JSON.stringify(changed));
  };
  const put = (path: string, bytes: Buffer) =>
    stack.shell(`mkdir -p $(dirname ${path}); base64 -d >${path} <<'END'\n${bytes.toString("base64")}\nEND`);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => "",
      (error: Error) => error.message,
    );

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    folder = await mkdtemp(join(tmpdir(), "nemoclaw-upgrade-"));
    stack = await LocalStack.open(`${testStackPrefix}-upgrade`, await findEngine());
    await stack.script("quickstart", "--destroy");
    const made = await stack.script("quickstart");
    expect(made.exitCode, made.stdout + made.stderr).toBe(0);
  });
  afterAll(async () => {
    delete process.env.NEMOCLAW_LOCK_FILE;
    await stack.script("quickstart", "--destroy");
    delete process.env.NEMOCLAW_ENGINE;
    await rm(folder, { recursive: true });
  });

  test("an agent that is broken on purpose: the one before answers, and `up` tries again", async () => {
    const before = (await stack.state()).find("nemoclaw:host:Sandbox")?.inputs;
    const current = await stack.shell("readlink /opt/nemoclaw/agent/current");
    await pinBrokenAgent();

    for (const time of ["first", "second"]) {
      const said = await failure(stack.up());
      expect(said, time).toMatch(/the upgrade of sandbox main failed on .*, and what ran before it runs again/);
      expect(said, time).toContain("stand-in: broken on purpose");
      const { text, error } = await stack.turn("Are you still there?");
      expect(error).toBeUndefined();
      expect(text).toMatch(/Are you still there/);
      expect(await stack.shell("readlink /opt/nemoclaw/agent/current")).toBe(current);
      expect(await stack.shell("ls /opt/nemoclaw/agent")).toContain(broken);
      const after = (await stack.state()).find("nemoclaw:host:Sandbox");
      expect([after?.inputs.agent, after?.inputs.definition]).toEqual([before?.agent, before?.definition]);
    }
    expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");

    delete process.env.NEMOCLAW_LOCK_FILE;
    const none = await stack.pulumi("preview", "--refresh", "--expect-no-changes", "--color", "never");
    expect(none.exitCode, none.stdout + none.stderr).toBe(0);
  });

  test("a changed service that works stays: a turn was answered before and after", async () => {
    await stack.configure((config) => {
      config["nemoclaw:limits"] = { ...(config["nemoclaw:limits"] as object), pids: 700 };
    });
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
      config["nemoclaw:mirrors"] = { ...(config["nemoclaw:mirrors"] as object), artifacts: "file:///srv/mirror" };
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

  /** A package that is called openclaw, from a registry on the machine itself. */
  async function pinBrokenAgent(): Promise<void> {
    const home = join(folder, "package");
    await mkdir(home, { recursive: true });
    await writeFile(join(home, "package.json"), JSON.stringify({ name: "openclaw", version: broken }));
    const program = `if (process.argv[2] === "--version") console.log("${broken}");
else { console.error("stand-in: broken on purpose"); process.exit(1); }\n`;
    await writeFile(join(home, "openclaw.mjs"), program);
    await exec("tar", ["-czf", join(folder, "openclaw.tgz"), "-C", folder, "package"]);
    const bytes = await readFile(join(folder, "openclaw.tgz"));
    await put("/srv/registry/openclaw.tgz", bytes);
    const server =
      'require("http").createServer((q, r) => r.end(require("fs").readFileSync("/srv/registry" + q.url))).listen(4873, "127.0.0.1")';
    await stack.shell(`systemd-run --unit=stand-in-registry /opt/nemoclaw/node/current/bin/node -e '${server}'`);

    const agent = join(folder, "agent");
    await mkdir(agent, { recursive: true });
    const dependencies = { openclaw: broken };
    const root = { name: "agent", version: "1.0.0" };
    const installed = {
      version: broken,
      resolved: "http://127.0.0.1:4873/openclaw.tgz",
      integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
    };
    const packages = { "": { ...root, dependencies }, "node_modules/openclaw": installed };
    await writeFile(join(agent, "package.json"), JSON.stringify({ ...root, private: true, dependencies }));
    await writeFile(
      join(agent, "package-lock.json"),
      JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages }),
    );
    await lock(({ npm }) => {
      npm.agent = { lockfile: join(agent, "package-lock.json") };
    });
  }

  async function pinTunnel(version: string, text: string): Promise<void> {
    const program = Buffer.from(text.replace("#!/usr/bin/env node", "#!/opt/nemoclaw/node/current/bin/node"));
    await put(`/srv/mirror/cloudflared-${version}`, program);
    const sha256 = createHash("sha256").update(program).digest("hex");
    const file = { url: `{artifacts}/cloudflared-${version}`, sha256 };
    await lock(({ artifacts }) => {
      artifacts.cloudflared = { version, files: { "linux-amd64": file, "linux-arm64": file } };
    });
  }
});
