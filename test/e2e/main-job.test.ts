import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lock } from "../../host/lock.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { askThroughTelegram } from "../../services/demo/drive.ts";
import { escapes } from "../support/escapes.ts";
import { LocalStack, resourcesThat } from "../support/local-stack.ts";
import { pinFromCommitted } from "../support/own-lock.ts";
import { expectNoSecretIn, placesToSearch } from "../support/secret-search.ts";
import { setting } from "../support/stack-file.ts";
import { tryEscape } from "../support/try-escape.ts";

/**
 * The main job on a real local machine, in the order a person would do it. The model and Telegram are the DEMO's stand-ins;
 * everything else is the real thing: SSH, systemd, Docker, sandbox-runtime, OpenClaw.
 */

let lockFolder: string;

/** Puts a stand-in for cloudflared where a mirror would have the real one, and pins it in a lock file of the test's own. */
async function serveStandIn(stack: LocalStack): Promise<void> {
  const text = await readFile("test/support/cloudflared-stand-in.mjs", "utf8");
  const program = Buffer.from(text.replace("#!/usr/bin/env node", "#!/opt/nemoclaw/node/current/bin/node"));
  const paths: string[] = [];
  await pinFromCommitted(lockFolder, ({ artifacts }) => {
    const { version, files } = artifacts.cloudflared as Lock["artifacts"][string];
    for (const [platform, file] of Object.entries(files)) {
      file.sha256 = createHash("sha256").update(program).digest("hex");
      paths.push(`/srv/mirror/cloudflare/cloudflared/releases/download/${version}/cloudflared-${platform}`);
    }
  });
  for (const path of paths) await stack.put(path, program);
}

const untilTunnelIsReady = "timeout 60 sh -c 'until curl -sf 127.0.0.1:17873/ready; do sleep 0.2; done'";

/** A quick tunnel has another name after each start: that is no drift, and what the stack says of it follows a refresh. */
async function expectNewNameToFollow(stack: LocalStack): Promise<void> {
  const url = async () => String((await stack.state()).find("nemoclaw:host:CloudflareTunnel")?.outputs.url);
  const before = await url();
  await stack.shell(`systemctl restart nemoclaw-tunnel@main; ${untilTunnelIsReady}`);
  expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  expect((await stack.pulumi("refresh", "--yes", "--color", "never")).exitCode).toBe(0);
  expect(await url()).toMatch(/^https:\/\/stand-in-.*\.trycloudflare\.com$/);
  expect(await url()).not.toBe(before);
  const output = await stack.up();
  expect(resourcesThat(changed, output)).toEqual([]);
  expect(output).toContain(await url());
}

const changed = /\b(created|updated|replaced|deleted)\b/;

describe("the main job, on the embedded engine", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let container: string | undefined;

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    lockFolder = await mkdtemp(join(tmpdir(), "nemoclaw-lock-"));
    stack = await LocalStack.open(`${testStackPrefix}-main`, await findEngine());
    await stack.destroy();
  });

  afterAll(async () => {
    await stack.destroy();
    await rm(lockFolder, { recursive: true, force: true });
    delete process.env.NEMOCLAW_ENGINE;
  });

  test("one command makes it and proves it: an answer, a refused way out, a refused write", async () => {
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/This is the DEMO model.*Are you there\?\n(?: +….*\n)* +egress refused/);
    expect(stdout).toMatch(/egress refused:.*403.*no rule/);
    expect(stdout).toMatch(/write refused:.*Read-only file system.*filesystem_policy\.read_only/);
    const [, next = ""] = /^Done: \d+ created; .*\nNext\n([\s\S]*)$/m.exec(stdout) ?? [];
    for (const command of ["chat", "status", "logs", "pulumi preview", "quickstart"]) {
      expect(next).toMatch(new RegExp(`^  scripts/${command} -s ${stack.name}\\b.* {3}\\S`, "m"));
    }
  });

  test("scripts/chat takes a turn: what was said, whatever it begins with, and the model", async () => {
    const { exitCode, stdout, stderr } = await stack.script("chat", "- an item\n- $(another)");
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain("You said: - an item\n- $(another)");
    expect(stderr).toContain("demo-1");
    const told = await stack.script("chat", "--json", "--session", "second", "Hello");
    expect(JSON.parse(told.stdout)).toMatchObject({
      text: expect.stringContaining("Hello"),
      model: expect.any(String),
    });
  });

  test("the same command again changes nothing, says so, and takes two SSH handshakes: the engine's and the proof's", async () => {
    const { handshakes, result } = await stack.handshakesDuring(() => stack.script("quickstart"));
    const { exitCode, stdout } = result;
    expect(exitCode, stdout).toBe(0);
    expect(handshakes).toBe(2);
    expect(stdout).toMatch(/nothing to change|Nothing changed/i);
    expect(resourcesThat(changed, stdout)).toEqual([]);
  });

  test("gate and route take a reload from the moment they are started, as an update sends it", async () => {
    const units = ["gate", "route"].map((part) => `nemoclaw-${part}@main.service`);
    for (const unit of units) {
      const pid = `systemctl show --value --property=MainPID ${unit}`;
      const said = await stack.shell(
        `systemctl restart ${unit}; before=$(${pid}); systemctl reload ${unit}; sleep 1
test "$before" = "$(${pid})" && systemctl is-active ${unit}`,
      );
      expect(said.trim(), unit).toBe("active");
    }
  });

  test("a preview takes no SSH handshake, a refresh takes one, and so does an up with a refresh", async () => {
    const during = async (work: () => Promise<unknown>) => (await stack.handshakesDuring(work)).handshakes;
    expect(await during(() => stack.pulumi("preview", "--color", "never"))).toBe(0);
    expect(await during(() => stack.refreshPreview())).toBe(1);
    // One plugin process serves the whole operation.
    expect(await during(() => stack.up("--refresh"))).toBe(1);
  });

  test.each([
    {
      what: "a stopped bridge",
      break: "systemctl stop nemoclaw-bridge@main",
      resource: "telegram",
      shows: /running: true => false/,
      mended: "systemctl is-active nemoclaw-bridge@main",
      // As two commands, as a person may do it; the others by one.
      inTwo: true,
    },
    {
      what: "a policy file edited on the machine",
      break: `sed -i 's/"network_policies": {}/"network_policies": {"x":{"endpoints":[{"host":"evil.example","port":443}],"binaries":[{"path":"\\/**"}]}}/' /etc/nemoclaw/main/policy.json`,
      resource: "main-network",
      shows: /evil\.example/,
      mended: "grep -q evil /etc/nemoclaw/main/policy.json || echo clean",
    },
    {
      what: "a model changed on the machine",
      break: "sed -i 's/demo-1/other-model/' /etc/nemoclaw/main/route.json",
      resource: "main-inference",
      shows: /model: "demo-1" => "other-model"/,
      mended: "grep -l demo-1 /etc/nemoclaw/main/route.json",
    },
    {
      what: "a token changed on the machine",
      break: "printf another >/etc/nemoclaw/credentials/nemoclaw-bridge@main.telegram-token",
      resource: "telegram",
      shows: /token: \[secret\] => \[secret\] \(changed\)/,
      mended: "systemctl is-active nemoclaw-bridge@main",
    },
    {
      what: "Docker disabled",
      break: "systemctl disable docker.service 2>/dev/null",
      resource: "host-docker",
      shows: /enabled: true => false/,
      mended: "systemctl is-enabled docker.service",
    },
  ])("drift is seen and mended: $what", async ({ break: breakIt, resource, shows, mended, inTwo }) => {
    await stack.shell(breakIt);
    const seen = await stack.refreshPreview();
    expect(resourcesThat(/has drifted/, seen), seen).toEqual([resource]);
    expect(seen).toMatch(shows);
    if (inTwo) expect((await stack.pulumi("refresh", "--yes", "--color", "never")).exitCode).toBe(0);
    expect(resourcesThat(changed, await stack.up(...(inTwo ? [] : ["--refresh"])))).toContain(resource);
    expect(await stack.shell(mended)).not.toBe("");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  test.each(escapes)("nothing inside the sandbox $name", { timeout: 60_000 }, async (attempt) => {
    container ??= (await stack.state()).find("nemoclaw:local:Machine")?.id;
    expect(await tryEscape(String(container), attempt)).toMatch(attempt.expect);
  });

  test("limits limit: what takes too much is ended, and the agent's process stays", async () => {
    const pid = await stack.agentPid();
    const greedy = "const all = []; for (;;) all.push(Buffer.alloc(1 << 26, 1));";
    expect((await stack.inside(["node", "-e", greedy])).exitCode).not.toBe(0);
    const many = "i=0; while test $i -lt 700; do sleep 5 & i=$((i + 1)); done; wait";
    expect((await stack.inside(["sh", "-c", many])).stderr).toMatch(/fork|Resource temporarily unavailable/i);
    expect(await stack.agentPid()).toBe(pid);
    expect((await stack.turn("Still there?")).text).toMatch(/DEMO model/);
  });

  test("limits limit: the kernel has the share of CPU, and the log keeps to its size while the machine's loses nothing", async () => {
    const quota = `for f in $(find /sys/fs/cgroup -path '*/nemoclaw-sandbox@main.service/cpu.*'); do
  case $f in *cpu.max|*cpu.cfs_quota_us) cut -d' ' -f1 $f ;; esac
done`;
    expect(await stack.shell(quota)).toBe("200000\n");

    await stack.configure((config) => {
      config["nemoclaw:limits"] = { logs: "16M" };
    });
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-sandbox"]);
    await stack.shell("systemd-cat -t nemoclaw-test echo said before the flood");
    // As one of the sandbox's services, past the rate limit that these have.
    const service = "systemd-run --quiet --wait -p LogNamespace=nemoclaw-main -p LogRateLimitIntervalSec=0";
    await stack.shell(`${service} sh -c 'base64 -w 4000 /dev/urandom | head -c 64M'`);
    const bytes = Number(await stack.shell("du -sb /var/log/journal/*.nemoclaw-main | cut -f1"));
    expect(bytes).toBeGreaterThan(1 << 20);
    expect(bytes).toBeLessThanOrEqual(17 << 20);
    expect(await stack.shell("journalctl -t nemoclaw-test -o cat --no-pager")).toBe("said before the flood\n");
  });

  test("what was refused is in the denials, as JSON lines", async () => {
    expect(await stack.statusInside("GET", "http://unlisted.example/secret-path?token=hidden")).toBe(403);
    const { stdout } = await stack.script("logs", "denials", "--json");
    expect(stdout).toMatch(/unlisted\.example/);
    expect(stdout).not.toMatch(/token=hidden/);
  });

  test.each([401, 402, 403, 407, 429, 500])(
    "an upstream that answers %i fails that turn and not the next",
    async (status) => {
      const port = (await stack.state()).find("nemoclaw:local:Demo")?.outputs.modelPort;
      const body = JSON.stringify({ status, times: 3 });
      const model = `http://127.0.0.1:${port}/operator`;
      await fetch(`${model}/next`, { method: "POST", headers: { "content-type": "application/json" }, body });
      expect((await stack.turn("This one fails")).error?.kind).toBe("inference");
      await fetch(`${model}/clear`, { method: "POST" });
      expect((await stack.turn("And this one works")).text).toMatch(/this one works/);
    },
  );

  test("each of these turns ended by itself, as the journal has it (what they took is printed, not judged)", async () => {
    const said = await stack.shell("journalctl --namespace=nemoclaw-main --no-pager -o cat -u nemoclaw-sandbox@main");
    const turns = said
      .split("\n")
      .filter((line) => line.startsWith('{"event":"turn'))
      .map((line) => JSON.parse(line) as { event: "turn" | "turn-failed"; seconds: number; kind?: string });
    const answered = turns.filter(({ event }) => event === "turn");
    const failed = turns.filter(({ event }) => event === "turn-failed");
    const took = (some: typeof turns) => some.map(({ seconds }) => seconds).join(", ");
    console.log(`turns that were answered took, in seconds: ${took(answered)}; that failed: ${took(failed)}`);
    expect(answered.length).toBeGreaterThanOrEqual(6);
    expect(failed.map(({ kind }) => kind)).toEqual(Array(6).fill("inference"));
  });

  test("a model switch updates one resource, keeps the agent's process, takes one handshake, and the next turn reports it", async () => {
    const pid = await stack.agentPid();
    expect((await stack.turn("Which model?")).model).toBe("demo-1");
    await stack.configure(setting("inference", { model: "demo-2" }));
    const { handshakes, result } = await stack.handshakesDuring(() => stack.up());
    expect(resourcesThat(/updated \(/, result)).toEqual(["main-inference"]);
    expect(handshakes).toBe(1);
    expect((await stack.turn("Which model now?")).model).toBe("demo-2");
    expect(await stack.agentPid()).toBe(pid);
  });

  test("a policy change updates one resource, keeps the agent's process, opens just what it says, and closes again", async () => {
    const pid = await stack.agentPid();
    const models = "http://demo.nemoclaw.internal:8080/v1/models";
    expect(await stack.statusInside("GET", models)).toBe(403);
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/demo-models.yaml" };
    });
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-network"]);
    expect(await stack.statusInside("GET", models)).toBe(200);
    expect(await stack.statusInside("POST", models)).toBe(403);
    expect(await stack.statusInside("GET", "http://demo.nemoclaw.internal:8080/operator/requests")).toBe(403);
    expect(await stack.agentPid()).toBe(pid);

    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [] };
    });
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-network"]);
    expect(await stack.statusInside("GET", models)).toBe(403);
    expect(await stack.agentPid()).toBe(pid);
  });

  test("a static policy change replaces the sandbox, keeps the workspace, and says what did not hold", async () => {
    await stack.inside(["sh", "-c", "echo kept > /sandbox/kept.txt"]);
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/unwritable-files.yaml" };
    });
    await stack.shell("mkdir /srv/roots");
    const preview = await stack.pulumi("preview", "--diff", "--color", "never");
    expect(preview.stdout).toMatch(/main-sandbox.*replace/);
    await stack.up();
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    await stack.inside(["sh", "-c", "echo there > /srv/shared/there.txt"]);
    expect(await stack.shell("cat /srv/shared/there.txt")).toBe("there\n");
    expect((await stack.turn("Are you back?")).text).toMatch(/DEMO model/);
    const path = "filesystem_policy.read_write /srv/roots";
    expect((await stack.state()).find("nemoclaw:host:Sandbox")?.outputs.enforced).toEqual([
      { accept: "enforcement", path, message: "took no write; the agent runs as nemoclaw-sandbox" },
    ]);
  });

  test.each(["quick", "named"])(
    "a %s tunnel by a stand-in for cloudflared: verified, ready, its token nowhere",
    async (kind) => {
      await serveStandIn(stack);
      const token = Buffer.from(JSON.stringify({ a: "account", s: "secret-of-the-tunnel", t: "id" })).toString(
        "base64",
      );
      await stack.setSecret("nemoclaw:tunnelToken", token);
      await stack.configure((config) => {
        const open = { kind, access: "public", reason: "a test" };
        config["nemoclaw:tunnel"] = kind === "quick" ? open : { ...open, hostname: "agent.example.com" };
        setting("mirrors", { artifacts: "file:///srv/mirror" })(config);
      });
      const output = await stack.up();
      expect(resourcesThat(/(created|updated) \(/, output)).toContain("tunnel");
      expect(output).toMatch(kind === "quick" ? /https:\/\/.*trycloudflare\.com/ : /https:\/\/agent\.example\.com/);
      expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
      const visible = await stack.shell("ps axewwf; cat /etc/systemd/system/nemoclaw-tunnel@*");
      expect(visible).toMatch(/cloudflared/);
      expect(visible).not.toContain(token);
      expect(JSON.parse((await stack.script("status", "--json")).stdout)).toMatchObject({ tunnel: { ready: true } });
      const logged = await stack.script("logs", "--json", "-n", "5000");
      expect(logged.stdout).toMatch(/^\{"at":"[^"]+","part":"tunnel",.*stand-in/m);
      const lines = logged.stdout.trim().split("\n");
      const entries = lines.map((line) => JSON.parse(line) as { at: string; part: string });
      expect(new Set(entries.map(({ part }) => part))).toContain("agent");
      expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).toSorted());
      expect(logged.stdout).not.toContain(token);
      if (kind === "quick") await expectNewNameToFollow(stack);
    },
  );

  test("after a reboot everything comes back without up, the tunnel (by a stand-in) too", async () => {
    const before = await stack.shell("systemctl show -p UserspaceTimestamp");
    await stack.shell("systemctl reboot").catch(() => {});
    await expect
      .poll(() => stack.shell("systemctl show -p UserspaceTimestamp").catch(() => before), { timeout: 60_000 })
      .not.toBe(before);
    const answer = await askThroughTelegram({
      url: await stack.telegramUrl(),
      chat: 4711,
      text: "Are you there after the reboot?",
      deadlineSeconds: 240,
    });
    expect(answer.text).toMatch(/after the reboot/);
    await stack.shell(untilTunnelIsReady);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  test("no secret is in clear in state, output, logs, process lists, unit files or the containers' settings", async () => {
    await expectNoSecretIn(stack, await placesToSearch(stack));
  });

  test("an artifact that is not what the lock file says is refused before it is installed", async () => {
    await stack.shell("for file in $(find /srv/mirror -type f); do echo tampered >> $file; done");
    await stack.shell("systemctl stop nemoclaw-tunnel@main; rm -r /opt/nemoclaw/cloudflared");
    await expect(stack.up("--refresh")).rejects.toThrow(/pinned[\s\S]*found/);
    expect(await stack.shell("ls /opt/nemoclaw/cloudflared 2>/dev/null | grep -v '^current$' || true")).toBe("");
    await serveStandIn(stack);
    await stack.up("--refresh");
    await stack.configure((config) => {
      config["nemoclaw:tunnel"] = { kind: "none" };
    });
    expect(resourcesThat(/deleted \(/, await stack.up())).toEqual(["tunnel"]);
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  test("destroy leaves nothing of it", async () => {
    const { exitCode, stdout } = await stack.destroy();
    expect(exitCode, stdout).toBe(0);
    const label = `label=nemoclaw.stack=${stack.name}`;
    for (const kind of ["container", "volume", "network"]) {
      const all = kind === "container" ? ["--all"] : [];
      const { stdout: left } = await runProgram(["docker", kind, "ls", ...all, "--quiet", "--filter", label]);
      expect(left, kind).toBe("");
    }
  });
});
