import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

const env = { NEMOCLAW_ENGINE: "embedded" };

/** Puts a lock on stack `local`, as an engine does. @returns its file */
function lock(clone: SmallClone, pid: number, host: string): string {
  const folder = join(clone.root, ".nemoclaw/state/.pulumi/locks/organization/nemoclaw/local");
  mkdirSync(folder, { recursive: true });
  const content = { pid, username: "anna", hostname: host, timestamp: "2026-11-29T10:00:00Z" };
  writeFileSync(join(folder, "a.json"), JSON.stringify(content));
  return join(folder, "a.json");
}

/** What waiting for another run says and ends with, on a clock that is ten minutes on at each look. */
const wait = `import { waitForOtherRun } from "./scripts/first-run/apply.ts";
let now = 0;
Date.now = () => (now += 601_000);
await waitForOtherRun("local", (line) => console.log(line)).then(() => console.log("free"), (error) => console.log(error.message));`;

describe("a stack that another run holds", { timeout: 120_000 }, () => {
  test("under another host name is not waited for: the engine says whose lock it is, and which file", async () => {
    await using clone = new SmallClone();
    const init = clone.script("pulumi", ["stack", "init", "local"], env);
    expect((await init.ended).exitCode).toBe(0);
    const file = lock(clone, process.pid, "annas-laptop.fritz.box");
    expect((await clone.lines(wait).ended).output).toBe("free\n");
    const { output } = await clone.script("quickstart", ["--destroy"], env).ended;
    expect(output).toContain("is locked by process");
    expect(output).toContain(`anna@annas-laptop.fritz.box since 2026-11-29T10:00:00Z`);
    expect(output).toContain(`if it is surely gone, delete ${file}`);
    expect(output).not.toContain("waiting for process");
    expect(output).toMatch(
      new RegExp(
        `\nStack local could not be taken down: error: .*\n  why .*\n  try .*rm ${file} .*pulumi cancel asks your own`,
      ),
    );
    expect(output).not.toContain("goes on from here");
  });

  test("by a process of this computer is waited for, and then told with its lock before anything is ended", async () => {
    await using clone = new SmallClone();
    const engine = spawn("sh", ["-c", "sleep 300; :", "pulumi"]);
    try {
      const file = lock(clone, engine.pid ?? 0, hostname());
      const { output } = await clone.lines(wait).ended;
      expect(output).toContain(`process ${engine.pid} has worked on this stack for 600 s, says ${file}`);
      expect(output).toMatch(new RegExp(`ps -fp ${engine.pid}\n.*kill ${engine.pid}; else .* rm ${file}\n`));
    } finally {
      engine.kill();
    }
  });
});
