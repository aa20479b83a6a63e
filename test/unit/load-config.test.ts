import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Config, loadConfig } from "../../stacks/config.ts";

const folder = mkdtempSync(join(tmpdir(), "nemoclaw-load-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => () => vi.unstubAllEnvs());

const least = {
  "nemoclaw:machine": { kind: "local" },
  "nemoclaw:runtime": { kind: "embedded" },
  "nemoclaw:inference": { kind: "openai", baseUrl: "http://models.internal:8080/v1", model: "demo-1" },
};

/** What the program of stack `test` is told by this configuration, over the engine's own wire. */
async function load(configuration: Record<string, unknown>): Promise<Config> {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "nemoclaw", "test");
  const texts = Object.entries(configuration).map(([key, value]) => [key, JSON.stringify(value)]);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts), []);
  return loadConfig();
}

/** The one message in which a preview ends. */
async function refusal(configuration: Record<string, unknown>): Promise<string> {
  const error = await load(configuration).then(
    () => expect.unreachable("it was taken"),
    (thrown: Error) => thrown,
  );
  // Any other error the engine shows with the stack of the program's code.
  expect(error).toBeInstanceOf(pulumi.RunError);
  return (error as Error).message;
}

function lockFile(text: string): string {
  const path = join(folder, "lock.json");
  writeFileSync(path, text);
  vi.stubEnv("NEMOCLAW_LOCK_FILE", path);
  return path;
}

describe("a lock file that cannot be read is a fault like any other, by its path", () => {
  const conflict = '{\n  "version": 1,\n<<<<<<< HEAD\n  "artifacts": {}\n';
  const npm = { agent: { lockfile: "services/nobody/package-lock.json" } };
  test.each([
    ["it is a merge conflict", conflict, "\n  it cannot be read: it is not JSON: Expected double-quoted property name"],
    ["it is empty", "", "\n  it cannot be read: it is not JSON: Unexpected end of JSON input\n"],
    ["it is something else", "[]", "\n  [] is a list; expected a mapping\n"],
    ["parts are missing", '{ "images": {} }', "  artifacts\n  artifacts is missing; expected a mapping\n"],
    [
      "its agent is not there",
      JSON.stringify({ artifacts: {}, images: {}, npm }),
      "  npm.agent.lockfile\n  the package.json beside services/nobody/package-lock.json: it cannot be read: there is no such file\n",
    ],
  ])("%s", async (_, text, said) => {
    const path = lockFile(text);
    const message = await refusal(least);
    expect(message).toMatch(/^The configuration of stack test has (a|2) faults?; nothing was touched\./);
    expect(message).toContain(`\n\n${path}${said}`);
    expect(message).toMatch(/\n {2}instead: /);
  });

  test("it is not there", async () => {
    const path = join(folder, "none.json");
    vi.stubEnv("NEMOCLAW_LOCK_FILE", path);
    expect(await refusal(least)).toContain(
      `\n\n${path}\n  it cannot be read: there is no such file\n  instead: a whole one, or none: NEMOCLAW_LOCK_FILE names this, and without it nemoclaw.lock.json is read`,
    );
  });

  test("the faults of the configuration are told with it", async () => {
    const path = lockFile("{");
    const message = await refusal({ ...least, "nemoclaw:machine": { kind: "locl" } });
    expect(message).toContain("has 2 faults");
    expect(message).toContain(path);
    expect(message).toContain("nemoclaw:machine.kind\n");
  });

  test("no name at all means the committed one", async () => {
    vi.stubEnv("NEMOCLAW_LOCK_FILE", "");
    const { agent } = await load(least);
    expect(agent.version).toMatch(/^\d/);
  });
});

test("what the lock file has no checksum of is told with the faults of the configuration, each with its command", async () => {
  const lock = JSON.parse(readFileSync("nemoclaw.lock.json", "utf8"));
  for (const name of ["node", "cloudflared"])
    for (const file of Object.values<{ sha256: unknown }>(lock.artifacts[name].files)) file.sha256 = null;
  lockFile(JSON.stringify(lock));
  const tunnel = { kind: "quick", access: "public", reason: "a test" };
  const message = await refusal({ ...least, "nemoclaw:tunnel": tunnel, "nemoclaw:workspace": { keep: "yes" } });
  expect(message).toContain("has 3 faults");
  expect(message).toMatch(
    /\nnemoclaw:runtime\.kind\n {2}nemoclaw\.lock\.json has no checksum of node 24.*\n.*refresh node\n/,
  );
  expect(message).toMatch(/\nnemoclaw:tunnel\.kind\n {2}.* no checksum of cloudflared 2.*\n.*refresh cloudflared/);
});

test("a namespace that is nearly the project's own is told, and other people's is theirs", async () => {
  const message = await refusal({ ...least, "aws:region": "eu-central-1", "nemoclaaw:mirrors": { npm: "x" } });
  expect(message).toContain("has a fault");
  expect(message).toContain(
    '\n\nnemoclaaw:mirrors\n  nobody reads the namespace "nemoclaaw", so this would change nothing\n  instead: nemoclaw:mirrors',
  );
});
