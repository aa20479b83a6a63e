import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { identify } from "../../engine/process-identity.ts";

const isThere = (pid: number) => identify(pid) !== undefined;

test("the plugin of an engine that was killed ends by itself", { timeout: 60_000 }, async () => {
  // A shell in the engine's place. The plugin's first line is the port that it listens at.
  const script = "provider/pulumi-resource-nemoclaw & echo $!; wait";
  const engine = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  const lines = createInterface(engine.stdout)[Symbol.asyncIterator]();
  const plugin = Number((await lines.next()).value);
  try {
    expect((await lines.next()).value).toMatch(/^\d+$/);
    await sleep(1500);
    expect(isThere(plugin)).toBe(true);

    engine.kill("SIGKILL");
    await expect.poll(() => isThere(plugin), { timeout: 20_000, interval: 200 }).toBe(false);
  } finally {
    engine.kill("SIGKILL");
    if (isThere(plugin)) process.kill(plugin, "SIGKILL");
  }
});
