import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Command } from "../../host/command.ts";
import type { Host } from "../../host/host.ts";
import { probe } from "../../host/runtimes/openshell/probe.ts";
import type { Finding } from "../../host/runtimes/runtime.ts";
import { putProgram } from "../support/stand-ins.ts";

/**
 * The probe's scripts in a real shell, on real files. Stood in for are OpenShell's way in, which here leads nowhere, Docker, ss,
 * and curl, whose answers are those of a sandbox of 0.0.112 unless a test says otherwise.
 */
let folder: string;
let busy: ChildProcess | undefined;
const path = (name: string) => join(folder, name);

function standIn(program: string, script: string): void {
  putProgram(path("bin"), program, script);
}

/** What the stand-in for curl prints: over http, over https, past the proxy, and on the machine itself. */
function curl({ plain = "403", tunnel = "403", past = "0.000000", machine = "0.000612" }): void {
  standIn(
    "curl",
    `case "$* $INSIDE" in
*time_connect*inside) printf %s '${past}' ;;
*time_connect*) case "$*" in *:17670/*) printf %s '${machine}' ;; *) printf 0.000000; exit 7 ;; esac ;;
*http_code*http://*) printf %s '${plain}' ;;
*http_connect*https://*) printf %s '${tunnel}'; exit 56 ;;
*) exit 2 ;;
esac`,
  );
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-probe-"));
  for (const name of ["bin", "writable", "listed"]) mkdirSync(path(name));
  for (const name of ["notes.txt", "fixed.txt"]) writeFileSync(path(name), "as it was\n");
  standIn("runuser", 'until test "$1" = /bin/sh; do shift; done\nINSIDE=inside exec "$@"');
  standIn(
    "docker",
    `case "$*" in
ps*) echo c1 ;;
*NetworkMode*) echo openshell-docker ;;
"inspect "*) echo 172.18.0.1 ;;
*) echo 172.17.0.1 ;;
esac`,
  );
  standIn("ss", "echo 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:*'");
  standIn("sleep", "");
  curl({});
});

afterEach(() => {
  busy?.kill("SIGKILL");
  busy = undefined;
  rmSync(folder, { recursive: true });
});

const host = {
  async run({ script }: Command) {
    const env = { ...process.env, PATH: `${path("bin")}:${process.env.PATH}`, INSIDE: "" };
    const { stdout, stderr, status } = spawnSync("sh", ["-eu", "-c", script], { env, encoding: "utf8" });
    return { stdout, stderr, exitCode: status ?? 1 };
  },
} as unknown as Host;

/** What was found, as `path: message`, or `true`. Everybody's own folders are listed, so that none is unlisted here. */
async function found(lists: { read_only?: string[]; read_write?: string[] } = {}): Promise<true | string[]> {
  const { read_only, read_write = [] } = lists;
  const filesystem_policy = { read_only, read_write: [...read_write, "/var/tmp", "/dev/shm"] };
  const gaps = await probe(host, "main", { version: 1, filesystem_policy });
  return gaps === true ? true : gaps.map((gap: Finding) => `${gap.path}: ${gap.message}`);
}

describe("the network", () => {
  test("is closed when the proxy refuses both kinds of request and nothing gets past it", async () => {
    expect(await found()).toBe(true);
  });

  test.each<[string, Parameters<typeof curl>[0], string]>([
    ["no proxy is in force, and the name does not resolve", { plain: "000", tunnel: "000" }, "http 000, https 000"],
    ["a proxy lets it through, to a name that is not there", { plain: "502", tunnel: "502" }, "http 502, https 502"],
    ["https goes another way", { tunnel: "000" }, "http 403, https 000"],
    ["somebody answers", { plain: "200" }, "http 200, https 403"],
    ["there is no curl", { plain: "", tunnel: "" }, "http nothing, https nothing"],
  ])("is open when %s", async (_it, answers, said) => {
    curl(answers);
    expect(await found()).toEqual([
      `network_policies: a host that no rule names was not refused by OpenShell's proxy, which says 403: ${said}`,
    ]);
  });

  test("is open when the gateway's own port is reached past the proxy", async () => {
    curl({ past: "0.000340" });
    expect(await found()).toEqual(["network_policies: a connection past the proxy was made, to 172.18.0.1:17670"]);
  });

  test("is not called closed when nothing listens that could be reached", async () => {
    curl({ machine: "0.000000" });
    expect(await found()).toEqual([expect.stringContaining("no connection past the proxy was tried")]);
  });
});

describe("the files", () => {
  test("that are as listed leave nothing behind, and no file is changed", async () => {
    busy = runningProgram();
    const lists = {
      read_write: [path("writable"), path("notes.txt"), "/dev/null"],
      read_only: [path("busy"), "/proc"],
    };
    expect(await found(lists)).toBe(true);
    expect([readdirSync(path("writable")), readFileSync(path("notes.txt"), "utf8")]).toEqual([[], "as it was\n"]);
  });

  test("a listed folder or file that takes no write is a gap", async () => {
    busy = runningProgram();
    expect(await found({ read_write: ["/proc", path("busy")] })).toEqual([
      "filesystem_policy.read_write /proc: took no write",
      `filesystem_policy.read_write ${path("busy")}: took no write`,
    ]);
  });

  test("a read-only folder or file that takes one is a gap, and is left as it was", async () => {
    expect(await found({ read_only: [path("listed"), path("fixed.txt")] })).toEqual([
      `filesystem_policy.read_only ${path("listed")}: took a write`,
      `filesystem_policy.read_only ${path("fixed.txt")}: took a write`,
    ]);
    expect([readdirSync(path("listed")), readFileSync(path("fixed.txt"), "utf8")]).toEqual([[], "as it was\n"]);
  });

  test("a folder that no list has and that takes one is a gap", async () => {
    const filesystem_policy = { read_write: ["/dev/shm"] };
    expect(await probe(host, "main", { version: 1, filesystem_policy })).toEqual([
      { accept: "enforcement", path: "filesystem_policy, unlisted /var/tmp", message: "took a write" },
    ]);
  });

  test("one of everybody's folders that is listed read-only is told of once", async () => {
    const filesystem_policy = { read_only: ["/var/tmp"], read_write: ["/dev/shm"] };
    expect(await probe(host, "main", { version: 1, filesystem_policy })).toEqual([
      { accept: "enforcement", path: "filesystem_policy.read_only /var/tmp", message: "took a write" },
    ]);
  });

  test("a path that is not there says nothing, as OpenShell leaves it out", async () => {
    expect(await found({ read_write: [path("none")], read_only: [path("nowhere")] })).toBe(true);
  });

  test("of the workspace count when they are there outside", async () => {
    const filesystem_policy = { include_workdir: true, read_write: ["/var/tmp", "/dev/shm"] };
    const gaps = await probe(host, "main", { version: 1, filesystem_policy });
    expect(gaps).toContainEqual(expect.objectContaining({ message: "a file written inside is not there outside" }));
  });
});

test.each([
  ["nothing can be run inside", "echo no such sandbox >&2; exit 5", "nothing could be run inside: no such sandbox"],
  ["the probe is cut short", "exit 0", "the probe did not come to its end"],
])("when %s that is what is said", async (_it, script, message) => {
  standIn("runuser", script);
  expect(await found()).toEqual([`sandbox: ${message}`]);
});

/** A program that runs, which nobody may write to, not even root. */
function runningProgram(): ChildProcess {
  copyFileSync(
    execFileSync("sh", ["-c", "readlink -f $(command -v sleep)"], { encoding: "utf8" }).trim(),
    path("busy"),
  );
  return spawn(path("busy"), ["60"], { stdio: "ignore" });
}
