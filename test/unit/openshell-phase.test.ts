import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startAndWait } from "../../host/runtimes/openshell/phase.ts";
import { putProgram } from "../support/stand-ins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-phase-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs it with a stand-in for OpenShell's CLI, whose first starts fail as the real one's did. */
function start(failures: number) {
  // The CLI is called through runuser, which gives it its user.
  const calls = join(folder, "calls");
  const program = `case "$*" in
*"sandbox start"*) echo start >>${calls}; test "$(grep -c . ${calls})" -gt ${failures} || { echo "sandbox entered Error while waiting for Ready"; exit 1; } ;;
*"sandbox get"*) echo '{"phase": "Ready"}' ;;
esac`;
  putProgram(folder, "runuser", program);
  putProgram(folder, "sleep", "");
  const env = { PATH: [folder, process.env.PATH].join(delimiter) };
  const { status, stdout } = spawnSync("sh", ["-eu"], { input: startAndWait("main"), encoding: "utf8", env });
  return { status, stdout, starts: readFileSync(calls, "utf8").trim().split("\n").length };
}

test.each([
  ["a sandbox that starts is started once", 0, { status: 0, stdout: "", starts: 1 }],
  ["one whose stop is only heard of then is started once more", 1, { status: 0, stdout: "", starts: 2 }],
  [
    "one that does not start ends in OpenShell's words",
    2,
    { status: 1, stdout: "sandbox entered Error while waiting for Ready\n", starts: 2 },
  ],
])("%s", (_, failures, wanted) => {
  expect(start(failures)).toEqual(wanted);
});
