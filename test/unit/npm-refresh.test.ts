import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readLock } from "../../host/lock.ts";
import { sourcesOf } from "../../host/lock-download.ts";
import { fillMirrorFolder } from "../../host/lock-served.ts";
import { refreshNpm as found } from "../../scripts/npm-refresh.ts";
import { packed, serve } from "../support/npm-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-npm-refresh-"));
const home = join(folder, "site");
const lockfile = "site/package-lock.json";
vi.stubEnv("npm_config_cache", join(folder, "cache"));
vi.stubEnv("npm_config_userconfig", "/dev/null");
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const versions = {
  "@site/agent": {
    "1.0.0": { dependencies: { part: "^1.0.0" }, optionalDependencies: { "of-a-mac": "1.0.0" } },
    "1.1.0": { dependencies: { other: "^2.0.0" } },
  },
  part: { "1.0.0": {}, "1.2.0": {} },
  other: { "2.0.0": {} },
  "of-a-mac": { "1.0.0": { os: ["darwin"] } },
};
type Name = keyof typeof versions;
const packages = Object.entries(versions).flatMap(([name, of]) =>
  Object.entries(of).map(([version, more]) => ({ name, version, more, ...packed(folder, name, version, more) })),
);
const integrity = (name: Name, version: string) =>
  packages.find((one) => one.name === name && one.version === version)?.integrity ?? "";

/** What the stand-in for the npm registry says of a package instead. */
let instead: Record<string, { integrity?: string; needs?: object }> = {};
const registry = await serve((path) => {
  const file = packages.find(({ name, version }) => path === `/${name}/-/${name.replace("@site/", "")}-${version}.tgz`);
  if (file) return file.tgz;
  const of = packages.filter(({ name }) => path === `/${name}` || path.startsWith(`/${name}/`));
  const described = of.map(({ name, version, more, integrity: sum }) => {
    const { integrity = sum, needs = more } = instead[`${name}@${version}`] ?? {};
    return [version, { name, version, ...needs, dist: { integrity, tarball: `${registry}/unasked` } }] as const;
  });
  const [name, latest] = [of[0]?.name, of.at(-1)?.version];
  if (name === undefined) return undefined;
  const text = JSON.stringify({ name, "dist-tags": { latest }, versions: Object.fromEntries(described) });
  return Buffer.from(text);
});
const mirrors = { npm: registry };

const manifest = { name: "agent-of-a-site", dependencies: { "@site/agent": "1.0.0" } };
const lock = {
  ...{ name: "agent-of-a-site", lockfileVersion: 3, requires: true },
  packages: {
    "": manifest,
    "node_modules/@site/agent": {
      ...{ version: "1.0.0", integrity: integrity("@site/agent", "1.0.0"), dependencies: { part: "^1.0.0" } },
      optionalDependencies: { "of-a-mac": "1.0.0" },
    },
    "node_modules/of-a-mac": {
      ...{ version: "1.0.0", integrity: integrity("of-a-mac", "1.0.0"), optional: true, os: ["darwin"] },
    },
    "node_modules/part": { version: "1.0.0", integrity: integrity("part", "1.0.0") },
  },
};
const refreshNpm = async (...of: Parameters<typeof found>) => {
  const { changes, keep } = await found(...of);
  await keep();
  return changes;
};
const written = () => readdirSync(home).map((file) => [file, readFileSync(join(home, file), "utf8")]);

beforeEach(() => {
  instead = {};
  rmSync(join(folder, "cache"), { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(home, "package-lock.json"), JSON.stringify(lock));
});

describe("what npm pins, refreshed by npm itself from a stand-in for its registry", { timeout: 60_000 }, () => {
  test("moves to another version with what that needs, and no registry's address is written", async () => {
    const said: string[] = [];
    const say = (what: string) => said.push(what);
    const changes = await refreshNpm("agent", lockfile, { version: "1.1.0", mirrors, folder, say });
    const sum = (name: Name, version: string) => `${version}  ${integrity(name, version)}`;
    const from = { published: "its registry" };
    expect(changes.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
      {
        ...{ path: "npm.agent node_modules/@site/agent", ...from },
        ...{ before: sum("@site/agent", "1.0.0"), after: sum("@site/agent", "1.1.0") },
      },
      { path: "npm.agent node_modules/of-a-mac", before: sum("of-a-mac", "1.0.0"), after: null, ...from },
      { path: "npm.agent node_modules/other", before: null, after: sum("other", "2.0.0"), ...from },
      { path: "npm.agent node_modules/part", before: sum("part", "1.0.0"), after: null, ...from },
    ]);
    const [inLock, inManifest] = ["package-lock.json", "package.json"].map((file) =>
      readFileSync(join(home, file), "utf8"),
    );
    expect(JSON.parse(inManifest ?? "").dependencies).toEqual({ "@site/agent": "1.1.0" });
    expect(inLock).toContain(integrity("@site/agent", "1.1.0"));
    expect(inLock).not.toContain("http");
    expect(readdirSync(home).sort()).toEqual(["package-lock.json", "package.json"]);
    expect(said[0]).toMatch(/^npm install --package-lock-only .*@site\/agent@1\.1\.0/);
  });

  test("changes nothing until it is kept", async () => {
    const before = written();
    const { changes, keep } = await found("agent", lockfile, { version: "1.1.0", mirrors, folder });
    expect(changes.length).toBeGreaterThan(0);
    expect(written()).toEqual(before);
    await keep();
    expect(written()).not.toEqual(before);
  });

  test("without a version compares what is pinned with what is published, and writes nothing", async () => {
    const before = written();
    const [same, ...others] = await refreshNpm("agent", lockfile, { mirrors, folder });
    expect(same).toMatchObject({ path: "npm.agent node_modules/@site/agent", published: "its registry" });
    expect(same?.before).toBe(same?.after);
    expect(others).toEqual([]);
    expect(written()).toEqual(before);
  });

  test("is refused where the registry publishes another package under the pinned version", async () => {
    instead = { "@site/agent@1.0.0": { integrity: integrity("part", "1.0.0") } };
    const before = written();
    await expect(refreshNpm("agent", lockfile, { mirrors, folder })).rejects.toThrow(
      /publishes other packages under versions that site\/package-lock\.json pins; no file was changed[\s\S]*agent node_modules\/@site\/agent 1\.0\.0\n.*pinned/,
    );
    expect(written()).toEqual(before);
  });

  test("is refused where the registry leaves out what the pinned version needs", async () => {
    instead = { "@site/agent@1.0.0": { needs: {} } };
    const before = written();
    await expect(refreshNpm("agent", lockfile, { mirrors, folder })).rejects.toThrow(
      /@site\/agent 1\.0\.0 does not need all that site\/package-lock\.json pins; no file was changed[\s\S]*of-a-mac\n.*part/,
    );
    expect(written()).toEqual(before);
  });

  test("from a mirror folder finds all that is pinned in it, the packages of other systems too", async () => {
    const mirror = join(folder, "mirror");
    const readFile = (path: string) => readFileSync(join(folder, path), "utf8");
    const pins = { ...readLock(), artifacts: {}, images: {}, npm: { agent: { lockfile } } };
    await fillMirrorFolder(pins, sourcesOf(mirror), mirrors, () => {}, readFile);
    const before = written();
    const changes = await refreshNpm("agent", lockfile, { mirrors: sourcesOf(mirror), folder });
    expect(changes.map(({ path, before: was, after }) => [path, was === after])).toEqual([
      ["npm.agent node_modules/@site/agent", true],
    ]);
    expect(written()).toEqual(before);
    await expect(
      refreshNpm("agent", lockfile, { version: "1.1.0", mirrors: sourcesOf(mirror), folder }),
    ).rejects.toThrow("@site/agent@1.1.0");
  });

  test("a version that is not there changes nothing and says so", async () => {
    const before = written();
    await expect(refreshNpm("agent", lockfile, { version: "9.9.9", mirrors, folder })).rejects.toThrow(
      /npm install failed; no file was changed[\s\S]*@site\/agent@9\.9\.9[\s\S]*--npm URL/,
    );
    expect(written()).toEqual(before);
  });
});
