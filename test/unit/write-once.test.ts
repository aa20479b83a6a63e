import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { writeOnce } from "../../scripts/write-once.ts";

test("of many calls at once, each at another step, one writes the file, and no draft stays", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-once-"));
  try {
    const file = join(folder, "kept", "passphrase");
    const write = async (_: unknown, turn: number) => {
      const written = await writeOnce(file, async () => {
        for (let step = 0; step < turn % 20; step++) await setImmediate();
        return `draft ${turn}`;
      });
      return written ? [`draft ${turn}`] : [];
    };
    const writers = (await Promise.all(Array.from({ length: 200 }, write))).flat();
    expect(writers).toEqual([readFileSync(file, "utf8")]);
    expect(readdirSync(join(folder, "kept"))).toEqual(["passphrase"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a file that is there stays as it is, even an empty one, and nothing is worked out for it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-once-"));
  try {
    const file = join(folder, "Pulumi.local.yaml");
    writeFileSync(file, "");
    const content = () => {
      throw new Error("asked for nothing");
    };
    expect(await writeOnce(file, content)).toBe(false);
    expect(readFileSync(file, "utf8")).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
