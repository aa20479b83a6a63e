import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lock, readLock } from "../../host/lock.ts";
import { sourcesOf } from "../../host/lock-download.ts";
import { npmPackages } from "../../host/lock-npm.ts";
import { fillMirrorFolder, servedGaps } from "../../host/lock-served.ts";
import { packed, serve } from "../support/npm-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-lock-npm-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const agent = packed(folder, "@site/agent", "1.0.0", { dependencies: { part: "^1.0.0" } });
const [part, older] = [packed(folder, "part", "1.1.0"), packed(folder, "part", "0.9.0")];
const manifest = { name: "agent-of-a-site", dependencies: { "@site/agent": "1.0.0", old: "npm:part@0.9.0" } };
const entries = {
  "": manifest,
  "node_modules/@site/agent": { version: "1.0.0", integrity: agent.integrity, dependencies: { part: "^1.0.0" } },
  "node_modules/part": { version: "1.1.0", integrity: part.integrity },
  "node_modules/old": { name: "part", version: "0.9.0", integrity: older.integrity },
};
const elsewhere = {
  "node_modules/bundled": { version: "1.0.0", inBundle: true },
  "node_modules/of-a-mac": { version: "1.0.0", integrity: "sha512-AAAA", os: ["darwin"], optional: true },
  "node_modules/for-tests": { version: "1.0.0", integrity: "sha512-AAAA", dev: true },
};
const lockText = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });
const lock: Lock = { ...readLock(), artifacts: {}, images: {}, npm: { agent: { lockfile: "site/package-lock.json" } } };
const readFile = () => lockText({ ...entries, ...elsewhere });

// A stand-in for the npm registry.
const registry: Record<string, Buffer> = {
  "/@site/agent/-/agent-1.0.0.tgz": agent.tgz,
  "/part/-/part-1.1.0.tgz": part.tgz,
  "/part/-/part-0.9.0.tgz": older.tgz,
};
let npm = "";
beforeAll(async () => {
  npm = await serve((path) => registry[path]);
});

/** Its files, and of a folder the index. */
function files(root: string) {
  return (path: string) => {
    const file = join(root, path);
    if (!existsSync(file)) return undefined;
    if (!statSync(file).isDirectory()) return readFileSync(file);
    if (!path.endsWith("/")) return `${path}/`;
    return existsSync(join(file, "index.html")) ? readFileSync(join(file, "index.html")) : undefined;
  };
}

test("the committed lock files' packages are all among what is compared and copied", () => {
  const found = npmPackages(readLock());
  expect(found).toContainEqual(expect.objectContaining({ name: "openclaw", path: "npm.agent node_modules/openclaw" }));
  expect(found.length).toBeGreaterThan(300);
  for (const { integrity } of found) expect(integrity).toMatch(/^sha512-[\w+/]{86}==$/);
});

describe("a mirror folder, from a stand-in for the npm registry", () => {
  const home = join(folder, "mirror");

  test("has each package of a lock file, but for what machines never download", async () => {
    await fillMirrorFolder(lock, sourcesOf(home), { npm }, () => {}, readFile);
    for (const path of Object.keys(registry)) expect(existsSync(join(home, "npm", path)), path).toBe(true);
    expect(await servedGaps(lock, sourcesOf(home), () => {}, readFile)).toEqual([]);
  });

  test("is a registry for npm, when a web server has its npm folder as the root", { timeout: 60_000 }, async () => {
    const at = join(folder, "install");
    mkdirSync(at);
    writeFileSync(join(at, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(at, "package-lock.json"), lockText(entries));
    const mirror = await serve(files(join(home, "npm")));
    const config = { npm_config_cache: join(folder, "cache"), npm_config_userconfig: "/dev/null" };
    const run = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", `--registry=${mirror}`], {
      cwd: at,
      env: { ...process.env, ...config },
    });
    let said = "";
    run.stderr.on("data", (text) => {
      said += text;
    });
    expect(await new Promise((done) => run.on("close", done)), said).toBe(0);
    const version = (name: string) =>
      JSON.parse(readFileSync(join(at, "node_modules", name, "package.json"), "utf8")).version;
    expect(["@site/agent", "part", "old"].map(version)).toEqual(["1.0.0", "1.1.0", "0.9.0"]);
  });

  test("is compared with every pin of a file, so that one that is right vouches for no other", async () => {
    const wrong = `sha512-${"A".repeat(86)}==`;
    const two = { ...lock, npm: { ...lock.npm, supervisor: { lockfile: "supervisor.json" } } };
    const other = { ...entries, "node_modules/part": { ...entries["node_modules/part"], integrity: wrong } };
    const read = (path: string) => (path === "supervisor.json" ? lockText(other) : readFile());
    const gaps = await servedGaps(two, sourcesOf(home), () => {}, read);
    expect(gaps.map(({ path }) => path)).toEqual(["npm.supervisor node_modules/part"]);
  });

  test("that has another package, or lacks one, is told", async () => {
    const other = join(folder, "other");
    cpSync(home, other, { recursive: true });
    writeFileSync(join(other, "npm/part/-/part-1.1.0.tgz"), "tampered");
    rmSync(join(other, "npm/@site/agent/-/agent-1.0.0.tgz"));
    const gaps = await servedGaps(lock, sourcesOf(other), () => {}, readFile);
    expect(gaps.map(({ path, message }) => [path, message.replaceAll(/file:\S+\//g, "")])).toEqual([
      ["npm.agent node_modules/@site/agent", "agent-1.0.0.tgz is not there"],
      [
        "npm.agent node_modules/part",
        expect.stringMatching(/^part-1\.1\.0\.tgz is another file than the pinned one: sha512-/),
      ],
    ]);
    const from = sourcesOf(other);
    const filled = fillMirrorFolder(lock, sourcesOf(join(folder, "n")), { npm: from.npm }, () => {}, readFile);
    await expect(filled).rejects.toThrow("cannot be downloaded");
    writeFileSync(join(other, "npm/@site/agent/-/agent-1.0.0.tgz"), agent.tgz);
    await expect(
      fillMirrorFolder(lock, sourcesOf(join(folder, "n")), { npm: from.npm }, () => {}, readFile),
    ).rejects.toThrow("is not the pinned file");
  });
});

describe("scripts/lock", () => {
  const script = (...args: string[]) =>
    spawnSync(process.execPath, ["scripts/lock.ts", ...args], { encoding: "utf8", timeout: 60_000 });
  const { version, integrity } = JSON.parse(readFileSync("services/agent/package-lock.json", "utf8")).packages[
    "node_modules/openclaw"
  ];

  test("lists the agent's version and checksum", () => {
    const line = script("list")
      .stdout.split("\n")
      .find((one) => one.startsWith("agent "));
    expect(line?.split(/ {2,}/).slice(0, 5)).toEqual([
      "agent",
      version,
      "npm",
      integrity,
      expect.stringMatching(/^openclaw and \d+ more in services\/agent\/package-lock\.json$/),
    ]);
    expect(JSON.parse(script("list", "--json").stdout).npm.agent).toMatchObject({
      lockfile: "services/agent/package-lock.json",
      root: { name: "openclaw", version, integrity },
    });
  });
});
