import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { HostError } from "../../host/errors.ts";
import { aptRepository, artifact, fillMirror, type Lock, readLock } from "../../host/lock.ts";
import { lockGaps } from "../../host/lock-check.ts";
import { refreshPin } from "../../host/lock-refresh.ts";
import { cloneFolder } from "../../scripts/clone-paths.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lock = readLock();
const readFile = (path: string) => readFileSync(path, "utf8");

describe("the committed lock", () => {
  test("has no gap but those of a runtime whose release nobody here could download", () => {
    const gaps = lockGaps(lock, readFile);
    expect(gaps.filter(({ runtime }) => runtime !== "openshell")).toEqual([]);
    for (const gap of gaps) expect(gap.try).toBe("scripts/lock refresh openshell");
  });

  test.each(["amd64", "arm64"] as const)("pins everything that a machine downloads on %s", (arch) => {
    expect(artifact(lock, "node", arch).url).toMatch(
      /^https:\/\/registry\.npmjs\.org\/node-linux-(x64|arm64)\/-\/.*-24\.21\.0\.tgz$/,
    );
    expect(artifact(lock, "npm", arch).version).toMatch(/^11\./);
    expect(artifact(lock, "cloudflared", arch).url).toBe(
      `https://github.com/cloudflare/cloudflared/releases/download/2026.7.2/cloudflared-linux-${arch}`,
    );
  });

  test("has cloudflared's published checksum", () => {
    const { sha256 } = artifact(lock, "cloudflared", "amd64");
    expect(sha256).toBe("ec905ea7b7e327ff8abdde8cb64697a2152de74dbcdbf6aec9db8364eb3886cd");
  });

  test("has Docker's signing key", () => {
    expect(aptRepository(lock, "docker").fingerprint).toBe("9DC858229FC7DD38854AE2D88D81803C0EBFCD88");
    expect(() => aptRepository(lock, "nvidia")).toThrow("no package repository nvidia");
  });

  test("has the Node that this project itself runs on", () => {
    const { optionalDependencies } = JSON.parse(readFile("package.json")) as {
      optionalDependencies: Record<string, string>;
    };
    expect(Object.values(optionalDependencies)).toEqual([lock.artifacts.node?.version, lock.artifacts.node?.version]);
  });
});

describe("addresses", () => {
  test("take a mirror's in place of the public one, whatever slash it ends with", () => {
    const { url } = artifact(lock, "npm", "amd64", { npm: "https://npm.example.com/all/" });
    expect(url).toBe(`https://npm.example.com/all/npm/-/npm-${lock.artifacts.npm?.version}.tgz`);
    expect(fillMirror("{artifacts}/a/b", { artifacts: "file:///srv" })).toBe("file:///srv/a/b");
    expect(fillMirror("{npm}/x", { npm: "https://a.example.com/$&" })).toBe("https://a.example.com/$&/x");
  });
});

describe("what is not pinned", () => {
  const unpinned: Lock = {
    ...lock,
    artifacts: {
      tool: { version: "1.0", files: { "linux-amd64": { url: "{artifacts}/tool-2.0", sha256: null } } },
      other: { version: "2.0", files: {}, checksums: "{artifacts}/12.0.txt" },
    },
    npm: { agent: { lockfile: "services/none/package-lock.json" } },
    images: { "ghcr.io/x/y": { digest: null } },
  };

  test.each([
    ["tool", "amd64", "no checksum for tool 1.0 on linux-amd64"],
    ["tool", "arm64", "no file for tool 1.0 on linux-arm64"],
  ] as const)("%s on %s is refused with the command that fills it", (name, arch, said) => {
    expect(() => artifact(unpinned, name, arch)).toThrow(said);
    expect(() => artifact(unpinned, name, arch)).toThrow("try   scripts/lock refresh tool");
  });

  test("a name that is not there lists those that are", () => {
    expect(() => artifact(lock, "nod", "amd64")).toThrow(
      "no artifact nod; it has cloudflared, node, npm, openshell, openshell-gateway",
    );
  });

  test("is found by the check, all of it", () => {
    expect(lockGaps(unpinned, readFile).map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "artifacts.tool.files.linux-amd64: no checksum for tool 1.0",
      "artifacts.tool.files.linux-amd64: {artifacts}/tool-2.0 is not of version 1.0",
      "artifacts.other.checksums: {artifacts}/12.0.txt is not of version 2.0",
      "artifacts.other.files: no file of other 2.0 for any architecture",
      "images.ghcr.io/x/y: no digest",
      "npm.agent: services/none/package-lock.json: cannot be read: ENOENT",
    ]);
  });

  test.each([
    `sha512-${"a".repeat(86)}==`,
    `sha1-${"a".repeat(27)}= sha512-${"a".repeat(86)}==`,
    `sha384-${"a".repeat(64)}`,
  ])("an npm lock file with %s has a checksum", (integrity) => {
    const text = JSON.stringify({
      lockfileVersion: 3,
      packages: { "node_modules/a": { version: "1.0.0", integrity } },
    });
    expect(lockGaps({ ...lock, artifacts: {}, images: {} }, () => text)).toEqual([]);
  });

  test.each([
    ["{}", "is not an npm lock file of version 3"],
    [
      '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {}}}',
      "1 packages have no checksum, the first node_modules/a",
    ],
    [
      '{"lockfileVersion": 3, "packages": {"node_modules/a": {"resolved": "https://evil.example.com", "inBundle": true}}}',
      "1 packages have no checksum, the first node_modules/a",
    ],
    ...["", "x", " ", "sha512-", "sha512-AAAA", `sha1-${"a".repeat(27)}=`].map((integrity) => [
      JSON.stringify({ lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0", integrity } } }),
      "1 packages have no checksum, the first node_modules/a",
    ]),
    ["{", "cannot be read"],
  ])("an npm lock file %s", (text, said) => {
    expect(lockGaps({ ...lock, artifacts: {}, images: {} }, () => text)[0]?.message).toContain(said);
  });
});

test.each([
  ["{", "cannot be read"],
  ['{"version": 2}', "is not a lock file"],
  [JSON.stringify({ ...lock, more: 1 }), "is not a lock file"],
  [JSON.stringify(lock).replace("ec905ea7", "EC905EA7"), "expected 64 hex digits"],
  [JSON.stringify(lock).replace("{npm}/npm", "https://evil.example.com"), "expected {npm}/"],
  [JSON.stringify(lock).replace("9DC8", "9dc8"), "apt.docker.fingerprint"],
])("a lock file that is none is refused: %#", (text, said) => {
  const path = join(folder, "lock.json");
  writeFileSync(path, text);
  expect(() => readLock(path)).toThrow(said);
  expect(() => readLock(path)).toThrow(HostError);
});

describe("a lock file that is none and not the committed one", () => {
  const path = join(folder, "other.json");
  const bad = (content: string) => {
    writeFileSync(path, content);
    vi.stubEnv("NEMOCLAW_LOCK_FILE", path);
  };
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ["{", "cannot be read"],
    ["{}", "is not a lock file"],
  ])("is told by its path, with what names it: %s", (content, what) => {
    bad(content);
    expect(readLock).toThrow(`the lock file ${path} ${what}\n`);
    expect(readLock).toThrow("\n  try   NEMOCLAW_LOCK_FILE names it; without it nemoclaw.lock.json is read");
  });

  test("keeps no script from saying what it is for", () => {
    bad("{");
    const scripts = ["status", "doctor"].map((name) => [join(cloneFolder, "scripts", `${name}.ts`), "--help"]);
    for (const words of scripts) {
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
      expect([status, stdout, stderr]).toEqual([0, expect.stringMatching(/^Usage: /), ""]);
    }
  });
});

describe("refreshing, from a stand-in for a registry", () => {
  const bytes = Buffer.from("a package");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const answers: Record<string, string | Buffer> = {
    "/good/-/good-2.0.tgz": bytes,
    "/good/2.0": JSON.stringify({ dist: { integrity } }),
    "/bad/-/bad-1.0.tgz": bytes,
    "/bad/1.0": JSON.stringify({ dist: { integrity: "sha512-AAAA" } }),
    "/files/tool-1.0": bytes,
    "/unheard/-/unheard-1.0.tgz": bytes,
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const of = (url: string, version: string): Lock => ({
    ...lock,
    artifacts: {
      it: { version, files: { "linux-amd64": { url, sha256: null }, "linux-arm64": { url, sha256: null } } },
    },
  });

  test("moves to another version, downloads one file once, and compares with what is published", async () => {
    const said: string[] = [];
    const refreshed = await refreshPin(of("{npm}/good/-/good-1.0.tgz", "1.0"), "it", {
      mirrors: { npm: base },
      version: "2.0",
      say: (what) => said.push(what),
    });
    expect(said).toEqual([`downloading ${base}/good/-/good-2.0.tgz`]);
    const file = { url: "{npm}/good/-/good-2.0.tgz", sha256 };
    expect(refreshed.lock.artifacts.it).toEqual({
      version: "2.0",
      files: { "linux-amd64": file, "linux-arm64": file },
    });
    expect(refreshed.files[0]).toMatchObject({ before: null, after: sha256, published: `${base}/good/2.0` });
  });

  test("says so when nothing published could be compared with", async () => {
    const { files } = await refreshPin(of("{artifacts}/files/tool-1.0", "1.0"), "it", {
      mirrors: { artifacts: base },
    });
    expect(files[0]).toMatchObject({ after: sha256, published: undefined });
  });

  test.each([
    ["{npm}/bad/-/bad-1.0.tgz", "is not what its publisher says it is"],
    ["{npm}/none/-/none-1.0.tgz", "cannot be downloaded"],
    ["{npm}/unheard/-/unheard-1.0.tgz", "cannot be downloaded"],
  ])("%s is refused", async (url, said) => {
    await expect(refreshPin(of(url, "1.0"), "it", { mirrors: { npm: base } })).rejects.toThrow(said);
  });

  test("an artifact that is not there", async () => {
    await expect(refreshPin(lock, "nope")).rejects.toThrow("has no artifact or image nope");
  });
});
