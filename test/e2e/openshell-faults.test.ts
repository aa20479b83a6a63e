import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lock } from "../../host/lock.ts";
import { sha256 } from "../../host/steps/file-facts.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { oneMessage } from "../support/failure-messages.ts";
import { type LocalStack, resourcesThat } from "../support/local-stack.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror } from "../support/openshell-mirror.ts";
import { openshellStack } from "../support/openshell-stack.ts";
import { pinOwn } from "../support/own-lock.ts";
import { someSum } from "../support/pinned-openshell.ts";
import { setting } from "../support/stack-file.ts";

/**
 * What goes wrong on the way to a real OpenShell, one thing after another on one real local machine: each `up` ends in one
 * message, nothing is half applied, and once that is mended the same command goes on from there. Stood in for are the model,
 * Telegram, and the place where releases are published: a server on the machine's loopback.
 */

const [build, other] = [openshellBuild(), openshellBuild("OPENSHELL_BEFORE_BIN_DIR")];

/** A test that says why it is skipped where it lacks a build. */
const run = (name: string, body: () => Promise<void>, skipped = build.skip) =>
  test(name, async ({ skip }) => {
    if (skipped) skip(skipped);
    await body();
  });
const runWithTwo = (name: string, body: () => Promise<void>) => run(name, body, build.skip ?? other.skip);

const mirrored = "http://127.0.0.1:8070";
/** Serves what a mirror holds; each path that is asked for is a line of the journal. */
const mirrorServer = `require("http").createServer(({ url }, answer) => {
  console.log(url);
  require("fs").createReadStream("/srv/mirror" + url).on("error", () => answer.writeHead(404).end()).pipe(answer);
}).listen(8070, "127.0.0.1")`;
const anotherServer = `require("http").createServer((_, answer) => answer.end("another program")).listen(17670, "127.0.0.1")`;

describe("a fault of a real OpenShell ends in one message, and the next run goes on from there", {
  timeout: 600_000,
}, () => {
  let stack: LocalStack;
  let folder: string;
  let mirror: OpenshellMirror;
  let another: OpenshellMirror | undefined;

  const pinAsIs = () => {
    process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
  };
  const serve = (unit: string, program: string) =>
    stack.shell(`systemd-run -q --unit=${unit} /opt/nemoclaw/node/current/bin/node -e '${program}'`);
  const release = (version = mirror.version) => `/srv/mirror/NVIDIA/OpenShell/releases/download/v${version}`;
  /** Puts the other release's CLI into a folder on the machine. */
  const putOtherCli = (to: string) =>
    stack.shell(`mkdir -p ${to} && tar -xzf ${release(another?.version)}/openshell.tar.gz -C ${to}`);

  /** The one message of an `up` that fails. */
  async function refusal(...words: string[]): Promise<string> {
    return oneMessage(await stack.pulumi("up", "--yes", "--skip-preview", "--color", "never", ...words));
  }

  /** The turn is answered, and nothing is left to mend. */
  async function isWell(): Promise<void> {
    expect((await stack.turn("Are you well?")).text).toMatch(/DEMO model/);
    // A gateway that was started anew takes a moment until its sandboxes have joined it again.
    await expect
      .poll(async () => resourcesThat(/has drifted|is gone/, await stack.refreshPreview()), {
        timeout: 60_000,
        interval: 5000,
      })
      .toEqual([]);
  }

  /** What of OpenShell's programs is there, with what a download would leave behind. */
  const installed = () =>
    stack.shell("ls -A /opt/nemoclaw/openshell /opt/nemoclaw/openshell-gateway 2>/dev/null | grep -v : || true");
  const gatewayPid = () => stack.shell("systemctl show -p MainPID --value nemoclaw-openshell");

  /** The programs are installed whole; nothing is there that would be started with a wrong image, and no such image. */
  async function programsAlone(): Promise<void> {
    expect((await installed()).trim().split(/\s+/)).toEqual([mirror.version, "current", mirror.version, "current"]);
    expect(await stack.shell("docker image ls --quiet; ls -d /var/tmp/nemoclaw-image.* 2>/dev/null || true")).toBe("");
    expect(await stack.shell("systemctl list-unit-files --no-legend 'nemoclaw-openshell*' || true")).toBe("");
  }

  beforeAll(async () => {
    if (build.skip) return;
    process.env.NEMOCLAW_ENGINE = "embedded";
    folder = await mkdtemp(join(tmpdir(), "nemoclaw-openshell-faults-"));
    mirror = await openshellMirror(build.folder);
    if (!other.skip) another = await openshellMirror(other.folder);
    pinAsIs();
    stack = await openshellStack(`${testStackPrefix}-openshell-faults`);
    await stack.configure(setting("mirrors", { artifacts: mirrored }));
  });

  afterAll(async () => {
    if (build.skip) return;
    await stack.destroy();
    await Promise.all([mirror.remove(), another?.remove(), rm(folder, { recursive: true })]);
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  run("a mirror that does not answer", async () => {
    const message = oneMessage(await stack.script("quickstart"));
    expect(message).toMatch(/download openshell \S+ from 127\.0\.0\.1:8070 failed/);
    expect(message).toMatch(
      /ran +curl .*http:\/\/127\.0\.0\.1:8070\/[\s\S]*said +curl: [\s\S]*try +.*nemoclaw:mirrors/,
    );
    expect(await installed()).toBe("");
    const machine = String((await stack.state()).find("nemoclaw:local:Machine")?.id);
    await mirror.copyTo(machine);
    await another?.copyTo(machine);
    await serve("mirror", mirrorServer);
  });

  run("a file that is not what the lock file pins", async () => {
    const [found] = (await stack.shell(`sha256sum ${release()}/openshell.tar.gz`)).split(" ");
    await pinOwn(folder, ({ artifacts }) => {
      for (const file of Object.values(artifacts.openshell?.files ?? {})) file.sha256 = someSum;
    });
    const message = await refusal();
    pinAsIs();
    expect(message).toMatch(/not what is pinned; nothing was installed/);
    expect(message).toMatch(new RegExp(`ran +curl [\\s\\S]*pinned ${someSum}\\s+found +${found}[\\s\\S]*try +`));
    expect(await installed()).toBe("");
  });

  run("a supervisor image that is nowhere", async () => {
    await stack.shell(`mv ${release()}/supervisor.tar /srv/`);
    const message = await refusal();
    await stack.shell(`mv /srv/supervisor.tar ${release()}/`);
    expect(message).toMatch(/load nemoclaw\/openshell-supervisor:\S+ from http:\S+ failed/);
    expect(message).toMatch(/ran +docker load from [\s\S]*said +curl: .*404[\s\S]*try +.*nemoclaw:mirrors/);
    await programsAlone();
  });

  runWithTwo("a supervisor of another release than CLI and gateway", async () => {
    const [itsImage] = Object.values((await lockOf(another)).images);
    await pinOwn(folder, ({ images }) => {
      for (const name of Object.keys(images)) Object.assign(images, { [name]: itsImage });
    });
    const message = await refusal();
    pinAsIs();
    expect(message).toMatch(
      new RegExp(`of OpenShell ${another?.version}, and CLI and gateway are of ${mirror.version}: they must be`),
    );
    expect(message).toMatch(/ran +docker load from [\s\S]*try +pin the image of the same release/);
    await programsAlone();
  });

  run("once all is mended, the same command brings everything up, all of it from the mirror", async () => {
    await stack.up();
    await isWell();
    const asked = await stack.shell("journalctl -u mirror -o cat");
    for (const file of ["openshell.tar.gz", "openshell-gateway.tar.gz", "supervisor.tar"])
      expect(asked).toContain(`/v${mirror.version}/${file}\n`);
  });

  run("another program on the gateway's port", async () => {
    const known = async () => (await stack.state()).resources.map(({ urn }) => urn).toSorted();
    const before = await known();
    await stack.shell("systemctl stop nemoclaw-openshell");
    await serve("port-taker", anotherServer);
    const message = await refusal("--refresh");
    expect(message).toMatch(/port-taker\.service listens on port 17670 of this machine.*nothing was changed/);
    expect(message).toMatch(/try +stop it/);
    expect(await stack.shell("systemctl is-active port-taker nemoclaw-openshell || true")).toBe("active\ninactive\n");
    expect(await known()).toEqual(before);

    await stack.shell("systemctl stop port-taker");
    await stack.up("--refresh");
    await isWell();
  });

  runWithTwo("a CLI of another release than the gateway is drift, and `up` takes the pinned one again", async () => {
    await putOtherCli(`/opt/nemoclaw/openshell/${another?.version}`);
    await stack.shell(`ln -sfn ${another?.version} /opt/nemoclaw/openshell/current`);
    const seen = await stack.refreshPreview();
    expect(resourcesThat(/has drifted|is gone/, seen), seen).toEqual(["host-runtime"]);
    expect(seen).toMatch(new RegExp(`openshell: "${mirror.version}" => "${another?.version}"$`, "m"));
    expect(seen).not.toMatch(/gateway\.toml|image/);

    await stack.up("--refresh");
    expect(await stack.openshell("--version")).toContain(mirror.version);
    await isWell();
  });

  runWithTwo("a program of another release in the pinned one's folder is named, and so is what to do", async () => {
    await putOtherCli(`/opt/nemoclaw/openshell/${mirror.version}`);
    const pid = await gatewayPid();
    const message = await refusal("--refresh");
    expect(message).toMatch(
      new RegExp(
        `OpenShell ${mirror.version} is pinned, and its CLI says that it is ${another?.version}, its gateway that it is ${mirror.version}`,
      ),
    );
    expect(message).toMatch(/ran +openshell --version; openshell-gateway --version/);
    expect(await gatewayPid()).toBe(pid);

    const [, remedy = ""] = /try +on the machine: (rm -r .*); then run `up --refresh` again/.exec(message) ?? [];
    expect(remedy, message).not.toBe("");
    await stack.shell(remedy);
    await stack.up("--refresh");
    expect(await stack.openshell("--version")).toContain(mirror.version);
    await isWell();
  });

  run("a key that somebody changed at the gateway is drift, shows no key, and is put back", async () => {
    const known = String((await stack.state()).find("nemoclaw:host:InferenceRoute")?.inputs.key);
    const stray = `stray-${known}`;
    const sent = async () => {
      expect((await stack.turn("With which key?")).model).toBe("demo-1");
      const seen = await stack.shell("curl -s http://demo.nemoclaw.internal:8080/operator/requests");
      return (JSON.parse(seen) as { lastAuthorizationSha256: string }).lastAuthorizationSha256;
    };
    await stack.openshell(`provider update nemoclaw-main --credential OPENAI_API_KEY=${stray} && sleep 6`);
    expect(await sent()).toBe(sha256(`Bearer ${stray}`));
    const seen = await stack.refreshPreview();
    expect(resourcesThat(/has drifted/, seen), seen).toEqual(["main-inference"]);
    expect(seen).toMatch(/ key: \[secret\] => \[secret\]/);

    expect(resourcesThat(/updated \(/, await stack.up("--refresh"))).toEqual(["main-inference"]);
    expect(await sent()).toBe(sha256(`Bearer ${known}`));
    await isWell();
    expect(stack.printed.includes(known)).toBe(false);
  });

  run("destroy leaves nothing of it", async () => {
    const { exitCode, stdout } = await stack.destroy();
    expect(exitCode, stdout).toBe(0);
  });
});

async function lockOf(mirror: OpenshellMirror | undefined): Promise<Lock> {
  return JSON.parse(await readFile(mirror?.lockFile ?? "", "utf8")) as Lock;
}
