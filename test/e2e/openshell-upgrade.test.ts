import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { type LocalStack, resourcesThat } from "../support/local-stack.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror, upFromMirrors } from "../support/openshell-mirror.ts";
import { openshellStack } from "../support/openshell-stack.ts";

/**
 * From one real build of OpenShell to a later one of the same line, and back, on a real local machine. Stood in for are the
 * model, Telegram, and the place where releases are published.
 */

const [after, before] = [openshellBuild(), openshellBuild("OPENSHELL_BEFORE_BIN_DIR")];
const skipped = after.skip ?? before.skip;

const run = (name: string, body: () => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (skipped) skip(skipped);
    await body();
  });

describe("an upgrade of a real OpenShell in place", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let [older, newer]: OpenshellMirror[] = [];

  const pin = (mirror: OpenshellMirror | undefined) => {
    process.env.NEMOCLAW_LOCK_FILE = mirror?.lockFile;
  };
  const gatewaySays = async () => JSON.parse(await stack.openshell("status -o json")) as { version?: string };
  const kept = async () =>
    (await stack.shell("cd /var/lib/nemoclaw-openshell/before-upgrade && cat release && ls gateway")).split("\n");

  beforeAll(async () => {
    if (skipped) return;
    process.env.NEMOCLAW_ENGINE = "embedded";
    [older, newer] = await Promise.all([openshellMirror(before.folder), openshellMirror(after.folder)]);
    pin(older);
    stack = await openshellStack(`${testStackPrefix}-openshell-upgrade`);
  });

  afterAll(async () => {
    if (skipped) return;
    await stack.destroy();
    await Promise.all([older?.remove(), newer?.remove()]);
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  run("the earlier release runs the main job", async () => {
    await upFromMirrors(
      stack,
      [older, newer].filter((mirror) => mirror !== undefined),
    );
    expect((await gatewaySays()).version).toContain(older?.version);
    expect((await stack.inside(["sh", "-c", "echo kept >/sandbox/kept.txt"])).exitCode).toBe(0);
  });

  run("the preview shows an update in place, by version", async () => {
    pin(newer);
    const { exitCode, stdout, stderr } = await stack.pulumi("preview", "--diff", "--color", "never");
    expect(exitCode, stdout + stderr).toBe(0);
    expect(resourcesThat(/replace|delete|create/, stdout)).toEqual([]);
    expect(stdout).toMatch(new RegExp(`openshell-gateway.*${older?.version}.* => .*${newer?.version}`));
  });

  run("the later release runs, on the same workspace and database, and the earlier one is kept", async () => {
    const pid = await stack.shell("systemctl show -p MainPID --value nemoclaw-openshell");
    await stack.up();
    expect(await stack.shell("systemctl show -p MainPID --value nemoclaw-openshell")).not.toBe(pid);
    expect((await gatewaySays()).version).toContain(newer?.version);
    expect(await stack.openshell("--version")).toContain(newer?.version);
    expect(await stack.shell("pgrep -c -x openshell-gatew")).toBe("1\n");
    expect(await stack.shell("ls /opt/nemoclaw/openshell-gateway")).toContain(older?.version);
    expect(await kept()).toEqual(expect.arrayContaining([older?.version, "openshell.db"]));

    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    expect(await stack.turn("Are you there after the upgrade?")).toMatchObject({ model: "demo-1" });
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
    const again = await stack.pulumi("preview", "--expect-no-changes", "--color", "never");
    expect(again.exitCode, again.stdout).toBe(0);
  });

  run("the earlier release can be gone back to, in place", async () => {
    pin(older);
    await stack.up();
    expect((await gatewaySays()).version).toContain(older?.version);
    expect(await kept()).toContain(newer?.version);
    expect((await stack.inside(["cat", "/sandbox/kept.txt"])).stdout).toBe("kept\n");
    expect(await stack.turn("Are you back?")).toMatchObject({ model: "demo-1" });
    expect(resourcesThat(/has drifted/, await stack.refreshPreview())).toEqual([]);
  });

  run("destroy leaves nothing of it", async () => {
    const { exitCode, stdout } = await stack.destroy();
    expect(exitCode, stdout).toBe(0);
  });
});
