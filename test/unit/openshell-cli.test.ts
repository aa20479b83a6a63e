import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openshellQuestion } from "../../host/runtimes/openshell/cli.ts";
import { parseStatus } from "../../host/runtimes/openshell/gateway.ts";
import { putProgram } from "../support/stand-ins.ts";

/** A question to the gateway in a real shell, with stand-ins for the CLI and for curl, which tells whether the gateway answers. */
let folder: string;
const standIn = (program: string, script: string) => putProgram(folder, program, script);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-cli-"));
  standIn("runuser", 'echo \'{"status":"connected","authentication":{"status":"authenticated"}}\'');
});
afterEach(() => rmSync(folder, { recursive: true }));

function ask() {
  const { script, parse } = openshellQuestion(["status", "-o", "json"], (said) => said);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { stdout, status } = spawnSync("sh", ["-c", script], { env, encoding: "utf8" });
  return parse({ stdout, exitCode: status ?? 1 });
}

describe("a question to the gateway", () => {
  test.each([
    ["refuses who has no certificate, as a gateway does", "exit 56"],
    ["is not there, which the CLI says itself", "exit 7"],
    ["answers", "exit 0"],
  ])("is asked when curl says that it %s", (_it, curl) => {
    standIn("curl", curl);
    const said = ask();
    expect([said.unreachable, parseStatus(said.stdout).connected]).toEqual([false, true]);
  });

  test("is not asked of a process that is there and says nothing, which is not connected", () => {
    standIn("curl", "exit 28");
    const said = ask();
    expect(said).toEqual({
      stdout: "the gateway's process is there and does not answer\n",
      exitCode: 124,
      unreachable: true,
    });
    expect(parseStatus(said.stdout).connected).toBe(false);
  });
});
