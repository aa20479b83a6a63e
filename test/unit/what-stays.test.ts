import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { whatStays } from "../../scripts/first-run/what-stays.ts";
import { putProgram } from "../support/stand-ins.ts";

const bin = mkdtempSync(join(tmpdir(), "nemoclaw-what-stays-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(bin, { recursive: true, force: true });
});

/** What stays after the quick start has brought these images, on a computer with these programs. */
async function stays(images: readonly string[], programs: Record<string, string>): Promise<string[]> {
  for (const [name, text] of Object.entries(programs)) putProgram(bin, name, text);
  vi.stubEnv("PATH", `${bin}:/usr/bin:/bin`);
  const stay = await whatStays({ images, clis: [], packages: [], groups: [] });
  return stay.map((line) => line.join("; ")).filter((line) => !/^node_modules|npm/.test(line));
}

// The question that is put to the kernel, answered as one that restricts does.
const kernel = (answer: string) => ({ docker: "exit 1", sh: `printf '${answer}'` });

test("a computer without BuildKit and without such a kernel keeps neither", async () => {
  expect(await stays(["nemoclaw-machine:1"], { docker: "exit 1" })).toEqual([]);
  expect(await stays([], kernel("1\\nunknown\\n"))).toEqual([]);
  expect(await stays([], kernel("0\\nloaded\\n"))).toEqual([]);
});

test("the cache of BuildKit is named where it has built", async () => {
  const buildx = { docker: 'test "$*" = "buildx version"' };
  expect(await stays(["nemoclaw-machine:1"], buildx)).toEqual([
    expect.stringMatching(/BuildKit.*; docker builder prune$/),
  ]);
  expect(await stays([], buildx)).toEqual([]);
});

test("the profile that a local machine has loaded into this computer's kernel is named", async () => {
  expect(await stays([], kernel("1\\nloaded\\n"))).toEqual([
    "the AppArmor profile nemoclaw-sandbox, in this computer's kernel until it starts anew; " +
      "no sandbox of another clone's machine starts without it; " +
      "printf nemoclaw-sandbox | sudo tee /sys/kernel/security/apparmor/.remove",
  ]);
});
