import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Lock, readLock } from "../../host/lock.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-lock-script-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "lock.json");
const mirror = join(folder, "mirror");
const text = "the tool";
const sha256 = createHash("sha256").update(text).digest("hex");
const { apt, npm } = readLock();
const lockOf = (sum: string | null, more: Partial<Lock> = {}): Lock => ({
  ...{ version: 1, images: {}, apt: {}, npm: {} },
  artifacts: { tool: { version: "1.0", files: { "linux-amd64": { url: "{artifacts}/tool-1.0", sha256: sum } } } },
  ...more,
});
const write = (lock: Lock) => writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
const script = (...args: string[]) => {
  const env = { ...process.env, NEMOCLAW_LOCK_FILE: path };
  const call = ["scripts/lock.ts", ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, call, { encoding: "utf8", env, timeout: 60_000 });
  return { status, stdout, stderr };
};

beforeEach(() => {
  mkdirSync(join(mirror, "artifacts"), { recursive: true });
  writeFileSync(join(mirror, "artifacts/tool-1.0"), text);
});

describe("scripts/lock", { timeout: 120_000 }, () => {
  test("refresh writes all or nothing", () => {
    write(lockOf(null, { npm }));
    const before = readFileSync(path, "utf8");
    // The mirror has the file and not npm's packages.
    const { status, stderr } = script("refresh", "tool", "agent", "--mirror", mirror);
    expect([status, stderr]).toEqual([1, expect.stringContaining("npm install failed; no file was changed")]);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  test("refresh takes a version for one release at a time", () => {
    write(lockOf(null, { npm }));
    expect(script("refresh", "tool", "agent", "--version", "1.0", "--mirror", mirror)).toEqual({
      status: 64,
      stdout: "",
      stderr: "--version 1.0 cannot be of tool, agent at a time\n  try   scripts/lock refresh tool --version 1.0\n",
    });
  });

  test("refresh knows no names but those in the lock file, and leaves keys to a person", () => {
    write(lockOf(sha256, { apt }));
    expect(script("refresh", "constructor").stderr).toContain("has no artifact or image constructor; it has tool");
    expect(script("refresh", "docker").stderr).toMatch(
      /^docker is a package repository; its key's fingerprint is compared by a person and no refresh takes it\n {2}try .* apt\.docker of /,
    );
  });

  test("check says that a package repository was not asked for, and counts it as no gap", () => {
    write(lockOf(sha256, { apt: { docker: { ...apt.docker, uri: "https://evil.example.com" } as never } }));
    const { status, stdout } = script("check", "--mirror", mirror);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Everything in the lock file that a stack here needs is pinned, and served as it is pinned, as far as it was asked for\.\napt\.docker\n {2}the key at https:\/\/evil\.example\.com was not asked for: with --mirror no package repository is asked\n/,
      ),
    ]);
  });

  test("takes no server for a mirror folder", () => {
    write(lockOf(sha256));
    expect(script("check", "--mirror", "https://mirror.example.com")).toEqual({
      status: 64,
      stdout: "",
      stderr:
        "error: --mirror takes a folder, or its file: URL, not https://mirror.example.com; for a server there are --npm, --artifacts and --registry\n",
    });
  });

  test("mirror prints the lines for images as JSON, too", () => {
    const image = "ghcr.example.com/x/image:2.0";
    write(lockOf(sha256, { images: { [image]: { digest: null } } }));
    const to = join(folder, "filled");
    const command = `skopeo copy --all docker://${image} oci:${to}/images/ghcr.example.com/x/image/2.0`;
    expect(script("mirror", to, "--mirror", mirror).stdout).toBe(`${command}\n`);
    expect(JSON.parse(script("mirror", to, "--mirror", mirror, "--json").stdout)).toEqual([{ image, command }]);
  });
});
