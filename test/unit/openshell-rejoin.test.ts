import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Box } from "../../host/runtimes/openshell/box.ts";
import { rejoin } from "../../host/runtimes/openshell/box-commands.ts";
import { putProgram, withStandIns } from "../support/stand-ins.ts";

const programs = (version: string) => [`/opt/nemoclaw/supervisor/${version}/attach.mjs`, "/agent/orders.sock"];

/** What a stand-in for systemctl was asked to do to an attendant that joins itself by a version's program. */
function done(unit: { active: boolean; version: string }): string {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-rejoin-"));
  const log = join(folder, "log");
  const script = `case "$1" in
-q) exit ${unit.active ? 0 : 3} ;;
cat) echo "ExecStart=node attendant.mjs -- ssh sandbox@main ${programs(unit.version).join(" ")}" ;;
*) echo "$1" >>${log} ;;
esac`;
  try {
    writeFileSync(log, "");
    putProgram(folder, "systemctl", script);
    const box = { spec: { sandbox: "main" }, attach: programs("b") } as unknown as Box;
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    expect(spawnSync("sh", ["-eu", "-c", rejoin(box).script], { env }).status).toBe(0);
    return readFileSync(log, "utf8").trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ["joins itself by the program that the new sandbox has is restarted", { active: true, version: "b" }, "restart"],
  ["joins itself by another version's waits for its new unit", { active: true, version: "a" }, ""],
  ["does not run is left alone", { active: false, version: "b" }, ""],
])("an attendant that %s", (_it, unit, wanted) => expect(done(unit)).toBe(wanted));

test("one that does not start again ends in the words of its journal", () => {
  const systemctl = `case "$1" in cat) echo "${programs("b").join(" ")}" ;; restart) exit 1 ;; esac`;
  const box = { spec: { sandbox: "main" }, attach: programs("b") } as unknown as Box;
  const stand = { systemctl, journalctl: 'for unit; do :; done; echo "the last words of $unit"' };
  expect(withStandIns(stand, rejoin(box).script)).toEqual({
    exitCode: 1,
    stdout: "the last words of nemoclaw-sandbox@main.service\n",
  });
});
