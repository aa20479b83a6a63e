import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { identify } from "../../engine/process-identity.ts";
import type { LogWanted } from "../../host/runtimes/log-source.ts";
import { boxLog } from "../../host/runtimes/openshell/box-log.ts";
import { openshell } from "../../host/runtimes/openshell/runtime.ts";
import { printEntry } from "../../scripts/log-entry.ts";
import { putProgram } from "../support/stand-ins.ts";

const log = boxLog("main", "gate");
const at = "2026-11-28T13:50:47.123456789Z";
const own = "2026-11-28T13:50:47.120Z";

/** `from-source`: what the tests of OpenShell's own sources expect of it, with the times that it and Docker put before. */
const denied = [
  "OCSF NET:OPEN [MED] DENIED curl(42) -> blocked.com:443 [policy:- engine:opa]",
  "OCSF NET:REFUSE [MED] DENIED node(1234) -> 93.184.216.34:443/tcp [policy:bypass-detect engine:nftables]",
  "OCSF HTTP:PUT [MED] DENIED PUT http://api.github.com/x?access_token=hidden [policy:p engine:opa] [reason:FORWARD denied PUT api.github.com:443/x?token=hidden]",
];
const allowed = [
  "OCSF NET:OPEN [INFO] ALLOWED python3(42) -> api.example.com:443 [policy:default-egress engine:mechanistic]",
  'OCSF FINDING:BLOCKED [HIGH] "NSSH1 Nonce Replay Attack" [type:nssh1]',
  "INFO some::module: request DENIED in upstream",
  "WARN some::module:  OCSF NET:OPEN [MED] DENIED curl(42)",
  "OCSF HTTP:GET [INFO] ALLOWED curl(88) -> GET http://a.example/ OCSF x [MED] DENIED [policy:p engine:l7]",
];
const timed = (said: string) => `${at} ${own} ${said}`;
const printed = (line: string) => {
  const entry = log.read(line);
  return entry && printEntry(entry);
};

describe("a line of OpenShell's supervisor", () => {
  test.each([
    [denied[0], "DENIED  curl(42) -> blocked.com:443 [policy:- engine:opa]"],
    [denied[1], "DENIED  node(1234) -> 93.184.216.34:443/tcp [policy:bypass-detect engine:nftables]"],
    [
      denied[2],
      "DENIED  PUT http://api.github.com/x?[redacted] [policy:p engine:opa] [reason:FORWARD denied PUT api.github.com:443/x?[redacted]]",
    ],
    [allowed[0], "NET:OPEN ALLOWED python3(42) -> api.example.com:443 [policy:default-egress engine:mechanistic]"],
    [allowed[1], 'ERROR  FINDING:BLOCKED "NSSH1 Nonce Replay Attack" [type:nssh1]'],
    [allowed[2], "some::module: request DENIED in upstream"],
    [allowed[3], "WARN  some::module:  OCSF NET:OPEN [MED] DENIED curl(42)"],
  ])("%s", (said = "", line) => {
    expect(printed(timed(said))).toBe(`2026-11-28T13:50:47.123Z  gate    ${line}`);
  });

  test("as the supervisor of 0.0.112 wrote them", () => {
    const lines = readFileSync(join(import.meta.dirname, "../fixtures/openshell/supervisor-log.txt"), "utf8").trim();
    expect(lines.split("\n").map((line) => printed(`${at} ${line}`)?.replace(/^\S+ +gate +/, ""))).toEqual([
      "openshell_sandbox: Starting sandbox",
      "WARN  CONFIG:DEGRADED nft not found; bypass detection rules will not be installed [ns:sandbox-be7c8921]",
      "NET:LISTEN 10.200.0.1:3128",
      "PROC:LAUNCH /bin/sh(28)",
      "DENIED  /usr/bin/curl(30) -> GET http://example.com/path [policy:- engine:opa] [reason:endpoint example.com:80 is not allowed by any policy]",
      "DENIED  /usr/bin/curl(32) -> example.com:443 [policy:- engine:opa] [reason:endpoint example.com:443 is not allowed by any policy]",
      "PROC:TERMINATE unknown(0) [exit:0]",
      "WARN  openshell_supervisor_process::netns: Failed to delete network namespace",
    ]);
  });

  test("what has no time is none", () => {
    for (const line of ["", "Error response from daemon", "nonsense OCSF NET:OPEN [MED] DENIED x"]) {
      expect(log.read(line)).toBeUndefined();
    }
  });

  test("only a refusal is one, wherever else the word stands", () => {
    expect(denied.map((said) => log.read(timed(said))?.denied)).toEqual([true, true, true]);
    expect(allowed.map((said) => log.read(timed(said))?.denied)).toEqual(allowed.map(() => false));
  });
});

describe("how the log is read on a machine, with a stand-in for Docker", { timeout: 60_000 }, () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "openshell-log-"));
    putProgram(folder, "systemd-analyze", `[ "$3" != nonsense ] && echo "   UNIX seconds: @1700000000.5"`);
    putProgram(
      folder,
      "docker",
      `here=${folder}
echo "$*" >>"$here/calls"
case "$*" in
  "ps --quiet"*) [ ! -e "$here/down" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; } ;;
  ps*) [ ! -e "$here/container" ] || echo box ;;
  inspect*sandbox-id*) echo of-ours ;;
  inspect*) echo openshell ;;
  "logs --tail 0"*) [ ! -e "$here/unreadable" ] || { echo "Error response from daemon: no log" >&2; exit 1; } ;;
  logs*--follow*) cat "$here/new"; echo $$ >"$here/follower"; exec sleep 600 ;;
  logs*) cat "$here/log" >&2 ;;
esac`,
    );
    write("container", "");
    write("log", [...denied, ...allowed].map((said) => `${timed(said)}\n`).join(""));
    write("new", `${timed("OCSF NET:OPEN [MED] DENIED curl(7) -> later.example:443")}\n`);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  function run(wanted: Partial<LogWanted>) {
    const child = spawn("sh", ["-s"], { env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } });
    const said = { out: "", err: "" };
    child.stdout.on("data", (chunk) => (said.out += chunk));
    child.stderr.on("data", (chunk) => (said.err += chunk));
    child.stdin.end(log.script({ follow: false, lines: 100, denials: false, ...wanted }));
    const code = once(child, "close").then(([exitCode]) => Number(exitCode));
    return { child, said, code, lines: () => said.out.split("\n").filter(Boolean) };
  }

  test("all of it but the supervisor's chatter, and the last refusals of it", async () => {
    const all = run({});
    expect(await all.code).toBe(0);
    expect(all.lines()).toEqual([...denied, ...allowed].filter((said) => !said.startsWith("INFO")).map(timed));
    const some = run({ denials: true, lines: 2 });
    expect(await some.code).toBe(0);
    expect(some.lines()).toEqual(denied.slice(1).map(timed));
  });

  test("since when is said in systemd's words", async () => {
    const { code } = run({ since: "10 min ago" });
    expect(await code).toBe(0);
    expect(text("calls")).toMatch(/^logs --timestamps --since 1700000000\.5 box$/m);
    expect(await run({ since: "nonsense" }).code).toBe(1);
  });

  test("without a container there is nothing; a log that cannot be read is an error", async () => {
    rmSync(join(folder, "container"));
    const none = run({});
    expect([await none.code, none.said.out]).toEqual([0, ""]);
    write("container", "");
    write("unreadable", "");
    const unreadable = run({ denials: true });
    expect(await unreadable.code).toBe(1);
    expect(unreadable.said.err).toMatch(/no log/);
    write("down", "");
    const down = run({ denials: true });
    expect(await down.code).toBe(1);
    expect(down.said.err).toMatch(/Cannot connect to the Docker daemon/);
  });

  test("followed in a container that comes later, and let go when nobody reads any more", async () => {
    rmSync(join(folder, "container"));
    const { child, lines, code } = run({ follow: true, denials: true });
    await vi.waitFor(() => expect(existsSync(join(folder, "calls"))).toBe(true), { timeout: 10_000 });
    write("container", "");
    await vi.waitFor(() => expect(lines()).toHaveLength(1), { timeout: 20_000, interval: 100 });
    const follower = Number(text("follower"));
    child.stdout.destroy();
    child.stderr.destroy();
    await code;
    await vi.waitFor(() => expect(identify(follower)).toBeUndefined(), { timeout: 20_000, interval: 100 });
  });

  const text = (name: string) => readFileSync(join(folder, name), "utf8");
});

test("it is a part that OpenShell has beside its units", () => {
  expect(Object.keys(openshell.operations.logs?.("main") ?? {})).toEqual(["gate"]);
});
