import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineError, listStacks, paintFor, removeStack, TerminalReporter } from "../../engine/index.ts";
import { Toys } from "../fixtures/engine/toys.ts";

// The command line as people and scripts use it.

const entry = join(import.meta.dirname, "../../engine/main.ts");
const firstLine = "engine: embedded (this project's own; runs where the Pulumi CLI cannot be had)";
const program =
  'const config = new pulumi.Config(); new Thing("a", { value: config.get("value"), secret: config.getSecret("token") }); export const it = config.get("value");';
let toys: Toys;

beforeAll(async () => {
  toys = await Toys.make(program);
});
afterAll(() => toys[Symbol.dispose]());

function engine(args: string[], input?: string): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args, "-C", toys.folder], {
    encoding: "utf8",
    timeout: 60_000,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(input === undefined ? {} : { input }),
  });
  return { code: status, out: stdout, err: stderr };
}

const local = ["-s", "local"];

test("says first which engine runs, what it does, and a sum; no colours for a pipe", { timeout: 60_000 }, () => {
  engine(["config", "set", "value", "one", ...local]);
  engine(["config", "set", "--secret", "token", ...local], "hunter2\n");
  const { code, out, err } = engine(["up", "--yes", ...local]);
  expect([code, err]).toEqual([0, ""]);
  expect(out.split("\n")[0]).toBe(firstLine);
  expect(out).toContain("Previewing update (local):");
  expect(out).toMatch(/\+ {2}toy:index:Thing a created \([\d.]+s\)/);
  expect(out).toMatch(/^Resources: 2 created, took [\d.]+s$/m);
  expect(out).toContain('    it: "one"');
  expect(out).not.toContain("\u001b");
  expect(out).not.toContain("hunter2");

  engine(["config", "set", "value", "two", ...local]);
  engine(["config", "set", "token", "--secret", "other", ...local]);
  const preview = engine(["preview", "--expect-no-changes", ...local]);
  expect(preview.code).toBe(2);
  expect(preview.out).toContain('        ~ value: "one" => "two"');
  expect(preview.out).toContain("        ~ secret: [secret] => [secret] (changed)");
  expect(preview.err).toContain("no changes were expected");
});

test("a sum counts what could not be done", { timeout: 60_000 }, () => {
  toys.program('new Thing("b", {}); new Thing("c", { fail: "check" });');
  const { code, out } = engine(["preview", ...local]);
  toys.program(program);
  expect(code).toBe(1);
  expect(out).toMatch(/^Resources: (?:\d+ [a-z ]+, )*1 failed, took [\d.]+s$/m);
});

test("--show-sames lists in JSON what stays, too, as the CLI does", { timeout: 60_000 }, () => {
  engine(["config", "set", "value", "one", ...local]);
  engine(["config", "set", "--secret", "token", ...local], "hunter2\n");
  const listed = (...more: string[]) => {
    const { steps } = JSON.parse(engine(["preview", "--json", ...more, ...local]).out);
    return steps.map(({ op, urn }: { op: string; urn: string }) => [op, urn.split("::").at(-1)]);
  };
  expect(listed()).toEqual([["same", "toys-local"]]);
  expect(listed("--show-sames")).toEqual([
    ["same", "toys-local"],
    ["same", "a"],
  ]);
  engine(["config", "set", "value", "two", ...local]);
  engine(["config", "set", "token", "--secret", "other", ...local]);
});

test("--json leaves nothing but JSON on standard output", { timeout: 60_000 }, () => {
  const { code, out, err } = engine(["preview", "--json", "-s", "local"]);
  expect(code).toBe(0);
  expect(err.split("\n")[0]).toBe(firstLine);
  const digest = JSON.parse(out);
  expect(digest.config).toMatchObject({ "toys:value": "two", "toys:token": "[secret]" });
  expect(digest.steps.map(({ op }: { op: string }) => op)).toEqual(["same", "update"]);
  expect(digest.steps[1]).toMatchObject({
    oldState: { inputs: { value: "one", secret: "[secret]" } },
    newState: { inputs: { value: "two", secret: "[secret]" } },
    detailedDiff: null,
  });
  expect(digest.changeSummary).toEqual({ same: 1, update: 1 });
  expect(out).not.toContain("hunter2");
});

describe("configuration", () => {
  test("is set, read and removed, by path too; comments survive", () => {
    const file = join(toys.folder, "stacks/Pulumi.local.yaml");
    writeFileSync(file, `# mine\n${readFileSync(file, "utf8")}`);
    engine(["config", "set", "--path", "shape.list[0].n", "5", ...local]);
    engine(["config", "set", "--path", "--secret", "shape.key", ...local], "s\n");
    expect(engine(["config", "get", "--path", "shape.list[0].n", ...local]).out).toBe("5\n");
    expect(engine(["config", "get", "shape", ...local]).out).toBe('{"key":"s","list":[{"n":5}]}\n');
    expect(engine(["config", ...local]).out).toContain('toys:shape  {"key":"[secret]","list":[{"n":5}]}');
    engine(["config", "rm", "--path", "shape.list", ...local]);
    expect(engine(["config", "get", "shape", ...local]).out).toBe('{"key":"s"}\n');
    engine(["config", "rm", "shape", ...local]);
    expect(engine(["config", "get", "shape", ...local])).toMatchObject({ code: 1, out: "" });
    expect(readFileSync(file, "utf8")).toMatch(/^# mine\n/);
  });

  test("a wrong passphrase is said to be one", () => {
    const right = process.env.PULUMI_CONFIG_PASSPHRASE;
    process.env.PULUMI_CONFIG_PASSPHRASE = "wrong";
    const { code, err } = engine(["config", "get", "token", ...local]);
    process.env.PULUMI_CONFIG_PASSPHRASE = right;
    expect([code, err]).toEqual([1, expect.stringMatching(/incorrect passphrase: .*stacks\/Pulumi\.local\.yaml/)]);
  });
});

test("stacks are made, listed, exported, imported and removed", { timeout: 60_000 }, async () => {
  expect(engine(["stack", "init", "second"]).code).toBe(0);
  expect(engine(["stack", "init", "second"]).err).toContain("already exists");
  expect(engine(["stack", "ls"]).out).toBe("local\nsecond\n");
  expect(listStacks(toys.target)).toEqual(["local", "second"]);
  expect(engine(["stack", "output", "it", ...local]).out).toBe("one\n");
  expect(engine(["stack", "output", "--json", ...local]).out).toBe('{\n  "it": "one"\n}\n');

  const exported = engine(["stack", "export", ...local]).out;
  expect(JSON.parse(exported).version).toBe(3);
  expect(engine(["stack", "import", "-s", "second"], exported).err).toContain("--force");
  expect(engine(["stack", "import", ...local], exported).code).toBe(0);

  await expect(removeStack(toys.target)).rejects.toThrow(EngineError);
  expect(engine(["stack", "rm", "second"]).code).toBe(64);
  expect(engine(["stack", "rm", "second", "--yes"]).code).toBe(0);
  expect(existsSync(join(toys.folder, "stacks/Pulumi.second.yaml"))).toBe(false);
});

test.each([
  [["up", ...local], 64, "--yes"],
  [["preview"], 64, "which stack?"],
  [["preview", "-s", "no such"], 64, "is not a stack name"],
  [
    ["preview", "-s", "organization/other/local"],
    64,
    "stack local of project other was asked for, and this is project",
  ],
  [["preview", "-s", "missing"], 1, 'no stack named "missing"'],
  [["up", "--yes", "--no-such-flag", ...local], 64, "unknown option"],
  [["preview", "--parallel", "0", ...local], 64, "whole number"],
  [["preview", "--target", "urn:x", ...local], 1, "does not do targets"],
  [["state", "delete", "--yes", "urn:x", ...local], 1, 'does not do the command "state"'],
  [["stack", "select", "local"], 1, 'does not do the command "stack select"'],
  [["config", "set-all", "--path", "--plaintext", "a=b", ...local], 1, 'does not do the command "config set-all"'],
])("%j ends with %i and says why", (args, code, words) => {
  const result = engine(args);
  expect([result.code, result.err]).toEqual([code, expect.stringContaining(words)]);
});

test("projects that need the CLI are refused", () => {
  const file = join(toys.folder, "Pulumi.yaml");
  const before = readFileSync(file, "utf8");
  for (const [from, to, words] of [
    ["typescript: false", "typescript: true", "ts-node"],
    ["name: nodejs", "name: python", 'the language "python"'],
    ["plugins:", "packages: { aws: aws }\nplugins:", "packages:"],
    ["plugins:", "options: { refresh: always }\nplugins:", "options:"],
    [
      "stackConfigDir: stacks",
      "stackConfigDir: site",
      "stackConfigDir: site, and stack files are looked for in stacks/ alone",
    ],
    ["stackConfigDir: stacks", "", "no stackConfigDir, and stack files are looked for in stacks/ alone"],
  ] as const) {
    writeFileSync(file, before.replace(from, to));
    expect(engine(["preview", ...local]).err).toContain(words);
  }
  writeFileSync(file, before);
  process.env.PULUMI_BACKEND_URL = "https://api.pulumi.com";
  expect(engine(["preview", ...local]).err).toContain("the backend https:");
});

test("colours come on a terminal, unless NO_COLOR is set", () => {
  expect(paintFor({ isTTY: true }, {})("red", "x")).toBe("\u001b[31mx\u001b[0m");
  expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x")).toBe("x");
  expect(paintFor({}, {})("red", "x")).toBe("x");
  const lines: string[] = [];
  const reporter = new TerminalReporter(
    (line) => lines.push(line),
    (colour, text) => `<${colour}>${text}</>`,
  );
  reporter.planned({ op: "delete", urn: "urn:pulumi:s::p::a:b:C::n" });
  reporter.diagnostic({ severity: "error", message: "first\nsecond", urn: "urn:pulumi:s::p::a:b:C::n" });
  expect(lines).toEqual(["  <red>- </> a:b:C <bold>n</> delete", "  <red>error: </>a:b:C n: first", "    second"]);
});
