import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeAll } from "../../host/pool.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { handlers } from "../../provider/handlers/index.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { oneMessage } from "../support/failure-messages.ts";
import { type LocalStack, resourcesThat } from "../support/local-stack.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror, upFromMirrors } from "../support/openshell-mirror.ts";
import { openshellStack } from "../support/openshell-stack.ts";
import { pinOwn } from "../support/own-lock.ts";
import { someSum } from "../support/pinned-openshell.ts";
import { setting } from "../support/stack-file.ts";

/**
 * A real OpenShell whose images come from a registry, by digest. Stood in for are the model, Telegram, and the places where
 * releases and images are published: a mirror on the machine, and the distribution's own registry on its loopback.
 */

const build = openshellBuild();
const run = (name: string, body: () => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (build.skip) skip(build.skip);
    await body();
  });

const registry = "127.0.0.1:5000";
const registrySettings = `version: 0.1
log: {accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: /srv/registry}, delete: {enabled: true}}
http: {addr: "${registry}"}`;

describe("images of a real OpenShell, from a registry", { timeout: 600_000 }, () => {
  let stack: LocalStack;
  let folder: string;
  let mirror: OpenshellMirror;
  let supervisorDigest: string;

  const supervisor = () => `ghcr.io/nvidia/openshell/supervisor:${mirror.version}`;
  const pinSupervisor = (digest: string) =>
    pinOwn(folder, ({ images }) => {
      images[supervisor()] = { digest };
    });
  /** Puts an image of the machine's Docker into the registry. @returns its digest there */
  async function push(image: string, to: string): Promise<string> {
    const said = await stack.shell(
      `docker tag ${image} ${registry}/${to} && docker push ${registry}/${to} && docker image rm ${registry}/${to} >/dev/null`,
    );
    return /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? said;
  }
  const asked = () => stack.shell("journalctl -u registry -o cat");
  const works = async () => {
    expect((await stack.turn("Are you there?")).text).toMatch(/DEMO model/);
    expect(resourcesThat(/has drifted|is gone/, await stack.refreshPreview())).toEqual([]);
  };

  beforeAll(async () => {
    if (build.skip) return;
    process.env.NEMOCLAW_ENGINE = "embedded";
    folder = await mkdtemp(join(tmpdir(), "nemoclaw-openshell-registry-"));
    mirror = await openshellMirror(build.folder);
    process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
    stack = await openshellStack(`${testStackPrefix}-openshell-registry`);
    await upFromMirrors(stack, [mirror]);
    await stack.shell(
      `DEBIAN_FRONTEND=noninteractive apt-get install -yq docker-registry >&2; systemctl disable --now docker-registry
printf '%s' '${registrySettings}' >/srv/registry.yml
systemd-run -q --unit=registry docker-registry serve /srv/registry.yml`,
    );
    supervisorDigest = await push(
      `nemoclaw/openshell-supervisor:${mirror.version}`,
      `nvidia/openshell/supervisor:${mirror.version}`,
    );
    await stack.configure(setting("mirrors", { registry: `http://${registry}` }));
  });

  afterAll(async () => {
    if (build.skip) return;
    await stack.destroy();
    await Promise.all([mirror.remove(), rm(folder, { recursive: true })]);
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  run("a digest that the registry does not have is one message, and what ran goes on", async () => {
    const running = () => stack.shell("systemctl show -p MainPID --value nemoclaw-openshell; docker ps -q");
    const before = await running();
    await pinSupervisor(`sha256:${someSum}`);
    const message = oneMessage(await stack.pulumi("up", "--yes", "--skip-preview", "--color", "never"));
    const pulled = `${registry}/nvidia/openshell/supervisor@sha256:${someSum}`;
    expect(message).toContain(`pull ${pulled} failed`);
    expect(message).toMatch(new RegExp(`ran +docker pull ${pulled} .*\\n +said +.*manifest unknown[\\s\\S]*try +`));
    expect(await running()).toBe(before);
  });

  run("the supervisor's image is pulled by its digest", async () => {
    await pinSupervisor(supervisorDigest);
    await stack.up();
    expect(await asked()).toMatch(
      new RegExp(`GET /v2/nvidia/openshell/supervisor/manifests/${supervisorDigest} .*200`),
    );
    await works();
    expect(resourcesThat(/\b(updated|replaced)\b/, await stack.up("--refresh"))).toEqual([]);
    expect(await stack.shell(`docker image ls --quiet ${registry}/*/*/*`)).toBe("");
  });

  run("and pulled again where somebody removed it", async () => {
    await stack.shell(`docker image rm --force nemoclaw/openshell-supervisor:${mirror.version}`);
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual(["host-runtime"]);
    await stack.up("--refresh");
    await works();
  });

  run(
    "a sandbox is made from the image that the site names, pulled by its digest, and the agent answers in it",
    async () => {
      const image = "registry.example.com/site/agent:1.0";
      const digest = await push("nemoclaw/openshell-sandbox:distribution", "site/agent:1.0");
      await pinOwn(folder, ({ images }) => {
        images[image] = { digest };
      });
      await stack.configure(setting("runtime", { image }));
      await stack.up();
      expect(await asked()).toMatch(new RegExp(`GET /v2/site/agent/manifests/${digest} .*200`));
      const name = `nemoclaw/openshell-sandbox:${digest.slice("sha256:".length, "sha256:".length + 12)}`;
      expect(await stack.shell("docker inspect --format '{{.Image}}' $(docker ps -q)")).toBe(
        await stack.shell(`docker image inspect --format '{{.Id}}' ${name}`),
      );
      await works();
    },
  );

  // With its machine nothing is deleted one by one, so each is handed to the plugin as an engine does where that is another stack's.
  run("what stood on a machine that is gone is deleted, each thing said", async () => {
    const state = await stack.state();
    const machine = String(state.find("nemoclaw:local:Machine")?.id);
    await promisify(execFile)("docker", ["rm", "--force", "--volumes", machine]);
    const said: string[] = [];
    const plugin = new Dispatcher(handlers, (_urn, line) => said.push(line));
    const types = ["TelegramBridge", "NetworkPolicy", "InferenceRoute", "Sandbox", "Workspace", "SandboxRuntime"];
    for (const name of types) {
      const type = `nemoclaw:host:${name}`;
      const { id = "", outputs } = state.find(type) ?? {};
      await plugin.delete(id, `urn:pulumi:s::nemoclaw::${type}::it`, { ...outputs }).finally(closeAll);
    }
    expect(said.filter((line) => /^its machine .* is already gone, and this with it$/.test(line))).toHaveLength(
      types.length,
    );

    const { exitCode, stdout, stderr } = await stack.pulumi("destroy", "--yes", "--skip-preview", "--color", "never");
    expect(exitCode, stdout + stderr).toBe(0);
    expect((await stack.state()).resources.filter(({ type }) => type.startsWith("nemoclaw:host:"))).toEqual([]);
  });
});
