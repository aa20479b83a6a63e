import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeAll } from "../../host/pool.ts";
import { openshell } from "../../host/runtimes/openshell/runtime.ts";
import { sha256 } from "../../host/steps/file-facts.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { handlers } from "../../provider/handlers/index.ts";
import { stackFile } from "../../scripts/clone-paths.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { askThroughTelegram } from "../../services/demo/drive.ts";
import { brokenAgent } from "../support/broken-agent.ts";
import { upByBrokenClone } from "../support/changed-clone.ts";
import { arch } from "../support/container-machine.ts";
import { followsLogs } from "../support/followed-log.ts";
import { LocalStack, resourcesThat } from "../support/local-stack.ts";
import { approvalsFromDenialToCode } from "../support/openshell-approvals.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror } from "../support/openshell-mirror.ts";
import { openshellStack } from "../support/openshell-stack.ts";
import { pinOwn } from "../support/own-lock.ts";
import { expectNoSecretIn, placesToSearch } from "../support/secret-search.ts";
import { readStackFile, setting } from "../support/stack-file.ts";

/**
 * The main job under a real build of OpenShell, on a real local machine. Stood in for are the model, Telegram, and the place
 * where releases are published: the build's own files lie in a mirror on the machine.
 */

const build = openshellBuild();
const changed = /\b(created|updated|replaced|deleted)\b/;

/** A test that says why it is skipped where there is no build. */
const run = (name: string, body: (skip: (why: string) => void) => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (build.skip) skip(build.skip);
    await body(skip);
  });

describe("the main job under a real OpenShell", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let mirror: OpenshellMirror;

  const inference = (change: object) => stack.configure(setting("inference", change));
  /** Makes a sandbox as somebody would who knows nothing of this package. */
  const create = (name: string) =>
    stack.openshell(
      `sandbox create --name ${name} --from nemoclaw/openshell-sandbox:distribution --detach --no-tty -- sleep 9999`,
    );

  beforeAll(async () => {
    if (build.skip) return;
    process.env.NEMOCLAW_ENGINE = "embedded";
    mirror = await openshellMirror(build.folder);
    process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
    stack = await openshellStack(`${testStackPrefix}-openshell`);
  });

  afterAll(async () => {
    if (build.skip) return;
    await stack.destroy();
    await mirror.remove();
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  run("a mirror without the release ends in one message, and nothing of OpenShell is installed", async () => {
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(
      /download openshell \S+ from the machine's own files failed[\s\S]*file:\/\/\/srv\/mirror[\s\S]*nemoclaw:mirrors/,
    );
    expect(await stack.shell("ls /opt/nemoclaw/openshell/*/openshell 2>/dev/null || true")).toBe("");
  });

  run("the same command goes on: an answer, a refused way out, a refused write", async () => {
    await mirror.copyTo(String((await stack.state()).find("nemoclaw:local:Machine")?.id));
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/This is the DEMO model.*Are you there\?\n(?: +….*\n)* +egress refused/);
    expect(stdout).toMatch(/egress refused:.*403/);
    expect(stdout).toMatch(/write refused:.*(Permission denied|Read-only file system).*filesystem_policy\.read_only/);
    // A Docker older than the release asks for was accepted, and is shown.
    const docker = /^ +docker: "(\S+)"$/m.exec(stdout)?.[1];
    expect(docker).toBe((await stack.shell("docker version --format '{{.Server.Version}}'")).trim());
    const state = await stack.state();
    expect(state.find("nemoclaw:host:Sandbox")?.outputs.enforced).toBe(true);
    const live = JSON.parse(await stack.openshell("policy get main --base -o json")) as { hash: string };
    expect(live.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(state.find("nemoclaw:host:NetworkPolicy")?.outputs.hash).toBe(live.hash);
  });

  run("what was refused is in the log, merged with what the others wrote", async () => {
    const denials = await stack.script("logs", "denials");
    expect(denials.exitCode, denials.stderr).toBe(0);
    expect(denials.stdout).toMatch(/gate {4}DENIED {2}.*\bexample\.com\b/);
    const { stdout } = await stack.script("logs", "--json", "-n", "5000");
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: string; part: string });
    expect(lines.map(({ part }) => part)).toEqual(expect.arrayContaining(["agent", "gate", "gateway"]));
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
  });

  run("the log is followed as it is written, until Ctrl-C", (skip) => followsLogs(stack, skip));

  run("the same command again changes nothing", async () => {
    const { exitCode, stdout } = await stack.script("quickstart");
    expect(exitCode, stdout).toBe(0);
    expect(resourcesThat(changed, stdout)).toEqual([]);
  });

  run("the gateway is open to this machine and its sandboxes alone, the status page to this machine", async () => {
    const words = async (script: string) => (await stack.shell(script)).split(/\s+/).filter(Boolean);
    const at = (port: number) => words(`ss -Hltn 'sport = :${port}' | awk '{ print $4 }'`);
    const bridges = await words(
      "docker network inspect --format '{{range .IPAM.Config}}{{println .Gateway}}{{end}}' $(docker network ls -q)",
    );
    const gateway = await at(17670);
    expect(gateway).toContain("127.0.0.1:17670");
    expect(["127.0.0.1", ...bridges].map((address) => `${address}:17670`)).toEqual(expect.arrayContaining(gateway));
    expect(await at(17872)).toEqual(["127.0.0.1:17872"]);
  });

  run("a shell, the workspace out and in, stopped through an update, and up again", async () => {
    const inside = await stack.script(
      "shell",
      "--",
      "sh",
      "-c",
      "echo kept >/sandbox/kept; echo told >&2; pwd; exit 7",
    );
    expect(inside).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("told") });

    // Longer than OpenShell leaves between two looks at its containers.
    const { hold, release } = openshell.operations.freeze("main");
    const still = `docker top "$(docker ps -q)" -eo pid,stat | grep -c " T"`;
    expect(Number(await stack.shell(`${hold}\n${still}\nsleep 8\n${release}`))).toBeGreaterThan(0);
    expect(await stack.openshell("sandbox get main -o json")).toMatch(/"phase": *"Ready"/);

    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-workspace-"));
    const archive = join(folder, "workspace.tgz");
    const out = await stack.script("workspace", "export", archive);
    expect(out.exitCode, out.stderr).toBe(0);
    await stack.script("shell", "--", "rm", "/sandbox/kept");
    const back = await stack.script("workspace", "import", archive, "--replace");
    expect(back.exitCode, back.stderr).toBe(0);
    expect((await stack.script("shell", "--", "cat", "/sandbox/kept")).stdout).toBe("kept\n");
    await rm(folder, { recursive: true });

    const down = await stack.script("stop", "--why", "a test");
    expect(down.exitCode, down.stderr).toBe(0);
    expect(resourcesThat(changed, await stack.up("--refresh"))).toEqual([]);
    expect((await stack.script("status")).stdout).toMatch(/stopped on purpose .*: a test/);
    const up = await stack.script("start");
    expect(up.exitCode, up.stderr).toBe(0);
    expect((await stack.turn("Are you back?")).model).toBe("demo-1");
    expect(resourcesThat(changed, await stack.up("--refresh"))).toEqual([]);
  });

  run(
    "a sandbox goes down while its gateway hangs, is told as running where that brings it back, and comes up",
    async () => {
      const containers = () => stack.shell("docker ps -q --filter label=openshell.ai/sandbox-name=main");
      const gateway = (signal: "STOP" | "CONT") => stack.shell(`systemctl kill -s ${signal} nemoclaw-openshell`);
      expect(await containers()).not.toBe("");
      await gateway("STOP");
      try {
        const down = await stack.script("stop", "--why", "its gateway hangs");
        expect(down.exitCode, down.stderr).toBe(0);
        expect(await containers()).toBe("");
      } finally {
        await gateway("CONT");
      }
      // Whether the gateway brings it back is its own affair; what status says is what Docker has.
      const { phase } = JSON.parse((await stack.script("status", "--json")).stdout);
      expect(["stopped", "running"]).toContain(phase);
      const again = await stack.script("stop");
      expect(again.exitCode, again.stderr).toBe(0);
      await expect.poll(containers, { timeout: 60_000 }).toBe("");
      const up = await stack.script("start");
      expect(up.exitCode, up.stderr).toBe(0);
      expect((await stack.turn("Are you back again?")).model).toBe("demo-1");
      // One that OpenShell gave up was made anew, and what leads its agent is told it once more.
      const told = resourcesThat(/updated \(/, await stack.up("--refresh"));
      expect(["", "main-inference"]).toContain(told.join());
      expect(resourcesThat(changed, await stack.up("--refresh"))).toEqual([]);
    },
  );

  run("a model switch updates one resource, keeps the agent's process, and the next turn reports it", async () => {
    const pid = await stack.agentPid();
    expect((await stack.turn("Which model?")).model).toBe("demo-1");
    await inference({ model: "demo-2" });
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-inference"]);
    expect((await stack.turn("Which model now?")).model).toBe("demo-2");
    expect(await stack.agentPid()).toBe(pid);
  });

  run("the kind of service that NVIDIA's is, here a stand-in, by a model of NVIDIA's, and back", async () => {
    const pid = await stack.agentPid();
    const before = (await readStackFile(stackFile(stack.name)))["nemoclaw:inference"];
    const [baseUrl, model] = ["http://demo.nemoclaw.internal:8080/v1", "nvidia/nemotron-3-super-120b-a12b"];
    await stack.configure((config) => {
      config["nemoclaw:inference"] = { kind: "nvidia", baseUrl, model };
    });
    await stack.up();
    const turn = await stack.turn("Which model of NVIDIA's?");
    expect([turn.model, turn.text]).toEqual([model, expect.stringContaining(`asked for as "${model}"`)]);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
    await stack.configure((config) => {
      config["nemoclaw:inference"] = before;
    });
    await stack.up();
    expect((await stack.turn("Which model now?")).model).toBe("demo-2");
    expect(await stack.agentPid()).toBe(pid);
  });

  run("what the agent was denied is drafted, approved into code, at once and elsewhere", () =>
    approvalsFromDenialToCode(stack),
  );

  run("a policy change is loaded by the running sandbox, opens just what it says, and closes again", async () => {
    const pid = await stack.agentPid();
    const models = "http://demo.nemoclaw.internal:8080/v1/models";
    expect(await stack.statusInside("GET", models)).toBe(403);
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/demo-models.yaml" };
    });
    const hash = async () => (await stack.state()).find("nemoclaw:host:NetworkPolicy")?.outputs.hash;
    const before = await hash();
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-network"]);
    expect(await hash()).not.toBe(before);
    expect(await stack.statusInside("GET", models)).toBe(200);
    expect(await stack.statusInside("POST", models)).toBe(403);
    expect(await stack.statusInside("GET", "http://demo.nemoclaw.internal:8080/operator/requests")).toBe(403);
    expect(await stack.agentPid()).toBe(pid);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);

    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [] };
    });
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-network"]);
    expect(await stack.statusInside("GET", models)).toBe(403);
  });

  run("a policy that only the gateway refuses is named by our file and line, and changes nothing", async () => {
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/reserved-name.yaml" };
    });
    await expect(stack.up()).rejects.toThrow(
      /still is; what it refuses stands at\s+test\/fixtures\/policies\/reserved-name\.yaml:5 {2}network_policies\._provider_mine/,
    );
    expect(await stack.openshell("policy get main --base -o json")).not.toContain("_provider_mine");
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [] };
    });
    await stack.up("--refresh");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run("a service that does not answer when it is asked leaves the agent where it was led", async () => {
    await inference({ baseUrl: "http://demo.nemoclaw.internal:8080/nowhere" });
    await expect(stack.up()).rejects.toThrow(/the service said 404.*led as before.*inference\.verify: false/s);
    // What listens on the machine's own loopback alone is not there for a sandbox.
    await stack.shell(
      'systemd-run -q --unit=only-loopback /opt/nemoclaw/node/current/bin/node -e \'require("net").createServer().listen(8123, "127.0.0.1")\'',
    );
    await inference({ baseUrl: "http://localhost:8123/v1" });
    await expect(stack.up()).rejects.toThrow(/not as localhost; on port 8123 it listens on 127\.0\.0\.1:8123/);
    await stack.shell("systemctl stop only-loopback; echo '192.0.2.1 only-here' >>/etc/hosts");
    await inference({ baseUrl: "http://only-here:8080/v1" });
    await expect(stack.up()).rejects.toThrow(/the sandbox main does not know the name only-here/);
    expect((await stack.turn("Are you led as before?")).model).toBe("demo-2");

    await inference({ baseUrl: "http://demo.nemoclaw.internal:8080/v1" });
    await stack.up("--refresh");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run("a model server on the machine itself answers turns, is no drift, and is left again", async () => {
    // The DEMO model, as if it listened here; each connection is a line of the journal.
    const server = `require("net").createServer((one) => {
      const other = require("net").connect(8080, "demo.nemoclaw.internal");
      for (const end of [one, other]) end.on("error", () => { one.destroy(); other.destroy(); });
      one.pipe(other).pipe(one);
      console.log("taken");
    }).listen(8124, "0.0.0.0")`;
    const unit = "stand-in-model-server";
    await stack.shell(`systemd-run -q --unit=${unit} /opt/nemoclaw/node/current/bin/node -e '${server}'`);
    const taken = async () => Number(await stack.shell(`journalctl -u ${unit} -o cat | grep -c taken || true`));
    try {
      await inference({ kind: "machine", baseUrl: "http://localhost:8124/v1" });
      expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-inference"]);
      const before = await taken();
      expect((await stack.turn("Are you on this machine?")).model).toBe("demo-2");
      expect(await taken()).toBeGreaterThan(before);
      expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
    } finally {
      await inference({ kind: "openai", baseUrl: "http://demo.nemoclaw.internal:8080/v1" });
      await stack.up("--refresh").finally(() => stack.shell(`systemctl stop ${unit}`));
    }
    expect((await stack.turn("And elsewhere again?")).model).toBe("demo-2");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run("a model that the agent reports and is not led to is drift, and is mended", async () => {
    const lead = (model: string) =>
      stack.openshell(`inference set --provider nemoclaw-main --model ${model} --no-verify; sleep 6`);
    await lead("other-model");
    expect((await stack.turn("Who is this?")).model).toBe("other-model");
    await lead("demo-2");
    expect(await stack.refreshPreview()).toMatch(/model: "demo-2" => "other-model"/);
    expect(resourcesThat(/updated \(/, await stack.up("--refresh"))).toEqual(["main-inference"]);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
    expect((await stack.turn("And now?")).model).toBe("demo-2");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run("another address and key that work are asked first, then taken; the agent's process stays", async () => {
    const known = String((await stack.state()).find("nemoclaw:host:InferenceRoute")?.inputs.key);
    const [pid, another] = [await stack.agentPid(), `another-${known}`];
    const host = (await stack.shell("getent ahostsv4 demo.nemoclaw.internal")).split(" ")[0];
    await inference({ baseUrl: `http://${host}:8080/v1` });
    await stack.setSecret("nemoclaw:inferenceKey", another);
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-inference"]);

    expect((await stack.turn("Who answers now?")).model).toBe("demo-2");
    const seen = await stack.shell("curl -s http://demo.nemoclaw.internal:8080/operator/requests");
    expect(JSON.parse(seen)).toMatchObject({ lastAuthorizationSha256: sha256(`Bearer ${another}`) });
    expect(await stack.agentPid()).toBe(pid);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);

    await inference({ baseUrl: "http://demo.nemoclaw.internal:8080/v1" });
    await stack.setSecret("nemoclaw:inferenceKey", known);
    // In the same run, other limits: the container's, while the agent runs.
    await stack.configure(setting("limits", { pids: 700 }));
    expect(resourcesThat(/updated \(/, await stack.up())).toEqual(["main-inference", "main-sandbox"]);
    expect(await stack.shell("docker inspect --format '{{.HostConfig.PidsLimit}}' $(docker ps -q)")).toBe("700\n");
    expect(await stack.agentPid()).toBe(pid);
    expect((await stack.turn("And now?")).model).toBe("demo-2");
  });

  run("a path that is added to a running sandbox by hand is seen, and not believed", async () => {
    await stack.inside(["sh", "-c", "echo kept > /sandbox/kept.txt"]);
    const sum = await stack.shell("sha256sum /var/lib/nemoclaw/main/workspace/kept.txt");
    const live = JSON.parse(await stack.openshell("policy get main --base -o json")) as {
      policy: { filesystem_policy: { read_write: string[] } };
    };
    live.policy.filesystem_policy.read_write.push("/var/tmp");
    await stack.shell(
      `cat > /tmp/by-hand.json <<'END'\n${JSON.stringify(live.policy)}\nEND\nchmod 644 /tmp/by-hand.json`,
    );
    await stack.openshell("policy set main --policy /tmp/by-hand.json --wait");
    expect((await stack.inside(["sh", "-c", "echo x > /var/tmp/x"])).exitCode).not.toBe(0);

    const seen = await stack.refreshPreview();
    expect(resourcesThat(/has drifted/, seen), seen).toEqual(["main-sandbox"]);
    expect(seen).toMatch(/\/var\/tmp/);
    expect(await stack.up("--refresh")).toMatch(/main-sandbox replaced/);
    expect(await stack.shell("sha256sum /var/lib/nemoclaw/main/workspace/kept.txt")).toBe(sum);
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
  });

  run("a static policy change replaces the sandbox and keeps the workspace", async () => {
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/more-files.yaml" };
    });
    const preview = await stack.pulumi("preview", "--diff", "--color", "never");
    expect(preview.stdout).toMatch(/main-sandbox.*replace/);
    expect(preview.stdout + preview.stderr).toMatch(
      /warning: .*main-sandbox: its policy for files.*fixed when a sandbox starts: it is made anew.*the workspace stays/,
    );
    // Somebody made room on the machine: what a new sandbox is made from is made again first.
    await stack.shell("docker image rm --force nemoclaw/openshell-sandbox:distribution");
    await stack.up();
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    await stack.inside(["sh", "-c", "echo there > /srv/shared/there.txt"]);
    expect(await stack.shell("cat /srv/shared/there.txt")).toBe("there\n");
    expect((await stack.turn("Are you back?")).text).toMatch(/DEMO model/);
  });

  run(
    "a sandbox is made from an image that the site names and pins as an archive, and from the distribution again",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "nemoclaw-site-image-"));
      const [image, archive] = ["registry.example.com/site/agent:1.0", "/srv/mirror/site-agent.tar"];
      await stack.shell(`docker save nemoclaw/openshell-sandbox:distribution -o ${archive}`);
      const [sum = ""] = (await stack.shell(`sha256sum ${archive}`)).split(" ");
      const archives = { [`linux-${arch}`]: { url: "{artifacts}/site-agent.tar", sha256: sum } };
      const isMadeFrom = async (name: string) => {
        const own = await stack.shell("docker inspect --format '{{.Image}}' $(docker ps -q)");
        return (
          own === (await stack.shell(`docker image inspect --format '{{.Id}}' nemoclaw/openshell-sandbox:${name}`))
        );
      };
      const works = async () => {
        expect((await stack.turn("Are you there?")).text).toMatch(/DEMO model/);
        expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
        expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
      };
      try {
        await pinOwn(folder, ({ images }) => {
          images[image] = { digest: null, archives };
        });
        await stack.configure(setting("runtime", { image }));
        expect(await stack.up()).toMatch(/main-sandbox updated/);
        expect(await isMadeFrom(sum.slice(0, 12))).toBe(true);
        await works();
      } finally {
        await stack.configure(setting("runtime", { image: undefined }));
        process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
        await rm(folder, { recursive: true });
      }
      expect(await stack.up()).toMatch(/main-sandbox updated/);
      expect(await isMadeFrom("distribution")).toBe(true);
      await works();
      await stack.shell(`rm ${archive}`);
    },
  );

  const drifts = {
    "a policy set at the gateway": {
      by: `os policy update main --add-endpoint evil.example:443 --binary /usr/bin/curl --wait`,
      resource: "main-network",
      shows: /evil\.example/,
    },
    "approval that is left to OpenShell": {
      by: "os settings set main --key proposal_approval_mode --value auto",
      resource: "main-network",
      shows: /approval: "manual" => "auto"/,
    },
    "approval that is left to OpenShell for the whole gateway": {
      by: "os settings set --global --yes --key proposal_approval_mode --value auto",
      resource: "main-network",
      shows: /approval: "manual" => "auto"/,
    },
    "a model set at the gateway": {
      by: "os inference set --provider nemoclaw-main --model other-model --no-verify",
      resource: "main-inference",
      shows: /model: "demo-2" => "other-model"/,
    },
    "an agent that leads itself to another model": {
      by: "sed -i 's#inference/routed#warm-up/ready#' /var/lib/nemoclaw/main/agent/openclaw.json",
      resource: "main-inference",
      shows: /model: "demo-2" => "warm-up\/ready"/,
    },
    "a provider changed at the gateway": {
      by: "os provider update nemoclaw-main --config OPENAI_BASE_URL=http://elsewhere.example/v1",
      resource: "main-inference",
      shows: /baseUrl: .* => "changed at the gateway"/,
    },
    "a sandbox whose container was killed": {
      by: "docker kill $(docker ps -q); sleep 2",
      resource: "main-sandbox",
      shows: /running: true => false/,
    },
    "a deleted sandbox": { by: "os sandbox delete main; sleep 2", resource: "main-sandbox", shows: /main-sandbox/ },
    "an image that was removed, and an edited gateway.toml": {
      by: `docker image ls --format '{{.Repository}}:{{.Tag}}' | grep ^nemoclaw/openshell-supervisor: | xargs docker image rm --force; sed -i s/retain_last_valid/fail_closed/ /etc/nemoclaw/openshell/gateway.toml`,
      resource: "host-runtime",
      shows: /definition: .*, with another gateway\.toml[\s\S]*openshell: .*, without its supervisor image/,
    },
    "a stopped gateway": {
      by: "systemctl stop nemoclaw-openshell",
      resource: "host-runtime",
      shows: /service\.running: true => false/,
    },
    "a gateway whose process is there and does not answer": {
      by: "systemctl kill -s STOP nemoclaw-openshell",
      resource: "host-runtime",
      shows: /service\.running: true => false/,
    },
  };
  for (const [what, { by, resource, shows }] of Object.entries(drifts)) {
    run(`drift is seen and mended: ${what}`, async () => {
      await stack.shell(by.replaceAll(/\bos /g, `${LocalStack.openshellCall} `));
      const seen = await stack.refreshPreview();
      expect(resourcesThat(/has drifted|is gone|deleted/, seen), seen).toContain(resource);
      expect(seen).toMatch(shows);
      await stack.up("--refresh");
      const drifted = async () => resourcesThat(/has drifted|is gone/, await stack.refreshPreview());
      // A gateway that was started anew takes a moment until its sandboxes have joined it again.
      if (resource === "host-runtime") await expect.poll(drifted, { timeout: 180_000, interval: 5000 }).toEqual([]);
      else expect(await drifted()).toEqual([]);
      expect((await stack.turn("Are you well?")).text).toMatch(/DEMO model/);
    });
  }

  const boxId = async () => (JSON.parse(await stack.openshell("sandbox get main -o json")) as { id: string }).id;

  run("a policy that the sandbox has not loaded is not called in force", async () => {
    const supervisor = "$(docker inspect -f '{{.State.Pid}}' $(docker ps -q))";
    await stack.shell(`kill -STOP ${supervisor}`);
    try {
      await stack.openshell("policy update main --add-endpoint evil.example:443 --binary /usr/bin/curl");
      const seen = await stack.refreshPreview();
      expect(resourcesThat(/has drifted/, seen), seen).toContain("main-network");
      expect(seen).toMatch(/inForce: true => false/);
      const { stdout } = await stack.script("status", "--json");
      const { policy } = JSON.parse(stdout) as { policy: { file: string; inForce: string } };
      expect(policy.inForce).not.toBe(policy.file);
    } finally {
      await stack.shell(`kill -CONT ${supervisor}`);
    }
    await stack.up("--refresh");
    expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
    expect((await stack.turn("Are you well?")).text).toMatch(/DEMO model/);
  });

  run("a policy that is set for the whole gateway is named, and nothing is changed until it is gone", async () => {
    const before = await boxId();
    const { policy } = JSON.parse(await stack.openshell("policy get main --base -o json")) as {
      policy: { filesystem_policy: object };
    };
    const files = { ...policy.filesystem_policy, read_only: ["/usr", "/lib"] };
    const all = Buffer.from(JSON.stringify({ ...policy, filesystem_policy: files, network_policies: {} }));
    await stack.shell(`echo ${all.toString("base64")} | base64 -d >/tmp/all.json`);
    await stack.openshell("policy set --global --yes --policy /tmp/all.json");
    const seen = await stack.refreshPreview();
    expect(resourcesThat(/has drifted/, seen), seen).toEqual(["main-network"]);
    await expect(stack.up("--refresh")).rejects.toThrow(
      /one policy is set for every sandbox[\s\S]*policy delete --global/,
    );
    expect(await boxId()).toBe(before);
    await stack.openshell("policy delete --global --yes");
    await stack.up("--refresh");
    expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
    expect(await boxId()).toBe(before);
    expect((await stack.turn("Are you still there?")).text).toMatch(/DEMO model/);
  });

  run("a gateway that is killed comes back by itself", async () => {
    const pid = () => stack.shell("systemctl show -p MainPID --value nemoclaw-openshell");
    const before = await pid();
    await stack.shell("systemctl kill -s KILL nemoclaw-openshell");
    await expect.poll(() => stack.openshell("status").catch(() => ""), { timeout: 60_000 }).toMatch(/Connected/);
    expect(await pid()).not.toBe(before);
    await expect.poll(() => stack.isAsRecorded(), { timeout: 120_000, interval: 5000 }).toBe(true);
  });

  run("somebody else's sandbox is neither taken over nor touched", async () => {
    await create("other");
    await stack.up("--refresh");
    expect(await stack.openshell("sandbox list --names")).toMatch(/^other$/m);
    await stack.openshell("sandbox delete other");
  });

  run(
    "somebody else's sandbox of our name is neither taken over nor changed, and once it is gone ours is back",
    async () => {
      const hash = async () =>
        (JSON.parse(await stack.openshell("policy get main --base -o json")) as { hash: string }).hash;
      const removed = async () => {
        await stack.openshell("sandbox delete main");
        await expect.poll(() => stack.openshell("sandbox list --names"), { timeout: 30_000 }).not.toMatch(/^main$/m);
      };
      const message = /a sandbox main that this package did not make; it was not touched/;
      await removed();
      await create("main");
      await expect.poll(() => stack.openshell("sandbox get main -o json"), { timeout: 60_000 }).toMatch(/"Ready"/);
      const before = await hash();
      await stack.configure((config) => {
        config["nemoclaw:policy"] = { presets: ["npm"], file: "test/fixtures/policies/more-files.yaml" };
      });
      const refused = async (why: RegExp) => {
        for (const [script, ...words] of [["start"], ["shell", "--", "true"], ["approvals"]] as const) {
          const { exitCode, stdout, stderr } = await stack.script(script, ...words);
          expect(exitCode).toBe(1);
          expect(stdout + stderr).toMatch(why);
        }
      };
      await expect(stack.up()).rejects.toThrow(message);
      await refused(/it was not touched/);
      await expect(stack.up("--refresh")).rejects.toThrow(message);
      // The refresh found that ours is gone.
      await refused(/has no sandbox any more; gone since the last update: .*main-sandbox/);
      expect(await hash()).toBe(before);
      expect(await stack.openshell("sandbox get main -o json")).toMatch(/"Ready"/);

      await removed();
      await stack.up("--refresh");
      expect((await stack.turn("Are you back?")).text).toMatch(/DEMO model/);
      expect(await hash()).not.toBe(before);
      expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
    },
  );

  const labels = async () =>
    (JSON.parse(await stack.openshell("sandbox get main -o json")) as { labels: object }).labels;

  run("an agent that is broken on purpose: the sandbox is made as it was, and the one before answers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-broken-agent-"));
    const [before, { inputs } = {}] = [await labels(), (await stack.state()).find("nemoclaw:host:Sandbox")];
    const lockfile = await brokenAgent(stack, folder);
    try {
      await pinOwn(folder, ({ npm }) => {
        npm.agent = { lockfile };
      });
      const said = await stack.up().catch(String);
      expect(said).toMatch(/the upgrade of sandbox main failed on .*, and what ran before it runs again/);
      expect(said).toMatch(/never answered: the agent ended with code 1: stand-in: broken on purpose/);
    } finally {
      process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
      await rm(folder, { recursive: true });
    }
    expect((await stack.turn("Are you still there?")).text).toMatch(/Are you still there/);
    expect(await labels()).toEqual(before);
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    expect((await stack.state()).find("nemoclaw:host:Sandbox")?.inputs).toMatchObject({
      agent: inputs?.agent,
      definition: inputs?.definition,
    });
    expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");
    expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
    expect(resourcesThat(changed, await stack.up("--refresh"))).toEqual([]);
  });

  run(
    "an attendant of ours that is broken on purpose: the one before serves, and this clone's changes nothing",
    async () => {
      const attends = () =>
        stack.shell(
          "systemctl show -p ExecStart --value nemoclaw-sandbox@main | grep -o '/opt/nemoclaw/[^ ;]*attendant.mjs'",
        );
      const folder = await mkdtemp(join(tmpdir(), "nemoclaw-broken-attendant-"));
      const before = [await attends(), await labels()];
      try {
        const { exitCode, stdout, stderr } = await upByBrokenClone(
          stack,
          join(folder, "clone"),
          "services/sandbox-supervisor/attendant.ts",
        );
        expect(exitCode).not.toBe(0);
        expect(stdout + stderr).toMatch(/the upgrade of sandbox main failed on .*, and what ran before it runs again/);
        expect(stdout + stderr).toContain("broken on purpose");
      } finally {
        await rm(folder, { recursive: true });
      }
      expect([await attends(), await labels()]).toEqual(before);
      expect((await stack.turn("Are you attended?")).text).toMatch(/Are you attended/);
      expect(await stack.shell("ls /var/lib/nemoclaw/upgrades")).toBe("");
      // The other clone's programs were installed, and are the runtime's again.
      expect(resourcesThat(changed, await stack.up("--refresh"))).toContain("host-runtime");
      expect(resourcesThat(changed, await stack.up("--refresh"))).toEqual([]);
      expect(await labels()).toEqual(before[1]);
    },
  );

  run("after a reboot everything comes back without up", async () => {
    const before = await stack.shell("systemctl show -p UserspaceTimestamp");
    await stack.shell("systemctl reboot").catch(() => {});
    await expect
      .poll(() => stack.shell("systemctl show -p UserspaceTimestamp").catch(() => before), { timeout: 60_000 })
      .not.toBe(before);
    const text = "Are you there after the reboot?";
    const answer = await askThroughTelegram({ url: await stack.telegramUrl(), chat: 4711, text, deadlineSeconds: 300 });
    expect(answer.text).toMatch(/after the reboot/);
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run(
    "no secret is in clear in state, output, logs, process lists, unit files, OpenShell's data or containers",
    async () => {
      await expectNoSecretIn(stack, {
        ...(await placesToSearch(stack)),
        "OpenShell's data": await stack.shell("grep -rha . /var/lib/nemoclaw-openshell"),
        "OpenShell's containers": await stack.shell("docker inspect $(docker ps -aq)"),
        "inside the sandbox": (
          await stack.inside(["sh", "-c", "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'"])
        ).stdout,
      });
    },
  );

  // With its machine nothing is deleted one by one, so each is handed to the plugin as an engine does where the machine stays.
  run("without its gateway all of it can be deleted, and says so; but for somebody else's sandbox", async () => {
    const said: string[] = [];
    const plugin = new Dispatcher(handlers, (_urn, line) => said.push(line));
    const state = await stack.state();
    const remove = async (type: string) => {
      const { id = "", outputs } = state.find(`nemoclaw:host:${type}`) ?? {};
      await plugin.delete(id, `urn:pulumi:s::nemoclaw::nemoclaw:host:${type}::it`, { ...outputs }).finally(closeAll);
    };
    const gateway = (verb: "start" | "stop") => stack.shell(`systemctl ${verb} nemoclaw-openshell`);
    const containers = () => stack.shell("docker ps --all --format '{{.Label \"openshell.ai/sandbox-name\"}}'");
    await create("other");
    await gateway("stop");
    for (const type of ["TelegramBridge", "NetworkPolicy", "InferenceRoute", "Sandbox"]) await remove(type);
    await expect(remove("SandboxRuntime")).rejects.toThrow(/not of this stack: other; nothing was removed/);
    expect(await containers()).toBe("other\n");

    await gateway("start");
    await expect
      .poll(() => stack.openshell("sandbox delete other").catch(String), { timeout: 30_000 })
      .toMatch(/Deleted/);
    await expect.poll(containers, { timeout: 30_000 }).toBe("");
    await gateway("stop");
    await remove("SandboxRuntime");
    expect(said.filter((line) => line.startsWith("OpenShell's gateway does not answer any more; "))).toHaveLength(4);
    expect(await stack.shell("ls -d /var/lib/nemoclaw-openshell /opt/nemoclaw 2>/dev/null || true")).toBe("");
  });

  run("destroy leaves nothing of it", async () => {
    const { exitCode, stdout } = await stack.destroy();
    expect(exitCode, stdout).toBe(0);
  });
});
