import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { openshell } from "../../host/runtimes/openshell/runtime.ts";
import { stackFile } from "../../scripts/clone-paths.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { localConfiguration } from "../../scripts/first-run/local-stack.ts";
import { findOperatorMirrors } from "../../scripts/first-run/operator-mirrors.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { LocalStack, resourcesThat } from "../support/local-stack.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror } from "../support/openshell-mirror.ts";

/**
 * The main job under a real build of OpenShell, on a real local machine. Stood in for are the model, Telegram, and the place
 * where releases are published: the build's own files lie in a mirror on the machine.
 */

const build = openshellBuild();
const changed = /\b(created|updated|replaced|deleted)\b/;

describe.skipIf(build.skip)("the main job under a real OpenShell", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let mirror: OpenshellMirror;

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    mirror = await openshellMirror(build.folder);
    process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
    stack = await LocalStack.open(`${testStackPrefix}-openshell`, await findEngine());
    stack.runtime = openshell;
    await stack.script("quickstart", "--destroy");
    const mirrors = { ...(await findOperatorMirrors()), artifacts: "file:///srv/mirror" };
    const file = parse(localConfiguration(mirrors)) as { config: Record<string, unknown> };
    file.config["nemoclaw:runtime"] = { kind: "openshell", accept: ["docker-version"] };
    await writeFile(stackFile(stack.name), stringify(file, { lineWidth: 0 }));
  });

  afterAll(async () => {
    await stack.script("quickstart", "--destroy");
    await mirror.remove();
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  test("a mirror without the release ends in one message, and nothing of OpenShell is installed", async () => {
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/download openshell .* failed[\s\S]*file:\/\/\/srv\/mirror[\s\S]*nemoclaw:mirrors/);
    expect(await stack.shell("ls /opt/nemoclaw/openshell/*/openshell 2>/dev/null || true")).toBe("");
  });

  test("the same command goes on: an answer, a refused way out, a refused write", async () => {
    await mirror.copyTo(String((await stack.state()).find("nemoclaw:local:Machine")?.id));
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/This is the DEMO model.*Are you there\?\n +egress refused/);
    expect(stdout).toMatch(/egress refused:.*403/);
    expect(stdout).toMatch(/write refused:/);
    expect((await stack.state()).find("nemoclaw:host:Sandbox")?.outputs.enforced).toBe(true);
  });

  test("the same command again changes nothing", async () => {
    const { exitCode, stdout } = await stack.script("quickstart");
    expect(exitCode, stdout).toBe(0);
    expect(resourcesThat(changed, stdout)).toEqual([]);
  });
});
