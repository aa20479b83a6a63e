import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cloneFolder, projectFiles, readProjectFile } from "../support/source-files.ts";

const files = projectFiles().filter((file) => !/\.(png|gif|jpg|gz)$/.test(file));

/** Where a pattern is found, as `file: what`. Files that define the patterns are left out by the caller. */
function hits(pattern: RegExp, among: readonly string[] = files): string[] {
  return among.flatMap((file) => [...readProjectFile(file).matchAll(pattern)].map((match) => `${file}: ${match[0]}`));
}

/** Dependencies that a lock file names and does not pin. */
function missingFromLock(file: string): string[] {
  const { packages } = JSON.parse(readProjectFile(file)) as { packages: Record<string, Record<string, object>> };
  const isPinned = (from: string, name: string): boolean => {
    if (packages[`${from ? `${from}/` : ""}node_modules/${name}`]) return true;
    return from !== "" && isPinned(from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), name);
  };
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !isPinned(path, name))
      .map((name) => `${file}: ${path} needs ${name}`),
  );
}

const others = files.filter((file) => !file.startsWith("test/unit/hygiene"));

// Tests of policies and gates make up internal names on purpose.
const outsideTests = others.filter((file) => !file.startsWith("test/"));

describe("what end-to-end tests make on this computer", () => {
  // The next run finds what a killed one left by this prefix, and nothing else of this clone.
  test("belongs to a stack that starts with the tests' own prefix", () => {
    const tests = others.filter((file) => /^test\/(e2e\/|support\/container-machine\.ts)/.test(file));
    const owners = hits(/\bstack: [^,]+, installation/g, tests);
    expect(owners).toEqual([
      expect.stringMatching(/^test\/support\/container-machine\.ts: stack: `\$\{testStackPrefix\}-/),
    ]);
  });
});

describe("tracked files name nothing private", () => {
  test("no path of the computer they were written on", () => {
    const ownPath = new RegExp(`${cloneFolder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "g");
    // A clone right under the root, such as /app, has too plain a path to search for.
    if (cloneFolder.split("/").length > 2) expect(hits(ownPath, others)).toEqual([]);
    expect(hits(/\/(home|Users)\/(?!(nemoclaw|you|me|user|ubuntu|admin|debian)\b)[a-z][\w.-]*\//g, others)).toEqual([]);
  });

  test("no package registry but the public ones", () => {
    const own = execFileSync("npm", ["config", "get", "registry"], {
      cwd: cloneFolder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const host = new URL(own).host;
    if (host !== "registry.npmjs.org")
      expect(others.filter((file) => readProjectFile(file).includes(host))).toEqual([]);
  });

  test("no host of somebody's internal network", () => {
    const allowed = /(^|\.)(nemoclaw\.internal|host\.docker\.internal|metadata\.google\.internal)$/;
    const found = hits(/\b[a-z0-9-]+(\.[a-z0-9-]+)*\.(internal|corp|lan|intranet)\b(?!\()/g, outsideTests).filter(
      (hit) => !allowed.test(hit.split(": ")[1] ?? "") && !/\.(openshell|host|example|mycompany)\.internal/.test(hit),
    );
    expect(found).toEqual([]);
  });

  test("npm lock files name no registry at all, so that any mirror serves them", () => {
    const locks = files.filter((file) => file.endsWith("package-lock.json"));
    expect(locks.length).toBeGreaterThan(0);
    expect(locks.filter((file) => readProjectFile(file).includes('"resolved": "http'))).toEqual([]);
  });

  test("npm lock files are whole: npm drops what its registry lacks, and then refuses its own file", () => {
    const missing = files.filter((file) => file.endsWith("package-lock.json")).flatMap(missingFromLock);
    expect(missing).toEqual([]);
  });
});

describe("tracked files hold no secret", () => {
  test.each([
    ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----\\?n?\s*[A-Za-z0-9+/=]{40,}/g],
    ["a Telegram bot token", /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/g],
    ["an NVIDIA API key", /\bnvapi-[A-Za-z0-9_-]{40,}/g],
    ["a GitHub token", /\b(ghp|gho|ghs|github_pat)_[A-Za-z0-9_]{30,}/g],
    ["an AWS access key", /\bAKIA[A-Z0-9]{16}\b/g],
  ])("%s", (_what, pattern) => {
    expect(hits(pattern, others)).toEqual([]);
  });

  test("what a run makes is ignored by git", () => {
    for (const path of [".nemoclaw/passphrase", "stacks/Pulumi.local.yaml", "node_modules/x"]) {
      expect(execFileSync("git", ["check-ignore", path], { cwd: cloneFolder, encoding: "utf8" }).trim()).toBe(path);
    }
  });
});

describe("what people type", () => {
  const entries = files.filter((file) => /^scripts\/[a-z]+$/.test(file));

  test("is executable plain sh that leads to a TypeScript file of the same name", () => {
    expect(entries.length).toBeGreaterThan(5);
    for (const entry of entries) {
      const text = readProjectFile(entry);
      expect(text, entry).toMatch(/^#!\/bin\/sh\n/);
      expect(text, entry).toContain(`with-node.sh" scripts/${entry.split("/")[1]}.ts "$@"`);
      expect(statSync(join(cloneFolder, entry)).mode & 0o111, `${entry} is executable`).toBe(0o111);
      expect(files, entry).toContain(`${entry}.ts`);
    }
  });

  test("is what continuous integration runs, and nothing else", () => {
    const commands = readProjectFile(".ci/run")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"));
    expect(commands).toEqual(['exec "$(dirname -- "$0")/../scripts/test" "$@"']);
  });
});
