import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cloneFolder } from "../support/source-files.ts";

const packages = join(cloneFolder, "node_modules");

describe("the code as it stands", () => {
  test.each([
    ["is formatted and free of lint (biome)", [join(packages, "@biomejs", "biome", "bin", "biome"), "check", "."]],
    ["has types that fit (tsc)", [join(packages, "typescript", "bin", "tsc"), "--noEmit"]],
    ["has no dead file, export or dependency (knip)", [join(packages, "knip", "bin", "knip.js"), "--no-progress"]],
  ])("%s", { timeout: 180_000 }, async (_what, command) => {
    const { exitCode, output } = await run(command);
    expect(exitCode, output).toBe(0);
  });
});

function run(command: readonly string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((done) => {
    const options = { cwd: cloneFolder, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NO_COLOR: "1" } };
    execFile(process.execPath, command, options, (error, stdout, stderr) =>
      done({ exitCode: error ? Number(error.code ?? 1) : 0, output: `${stdout}\n${stderr}` }),
    );
  });
}
