import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DigestReporter,
  exportStack,
  importStack,
  initStack,
  preview,
  TerminalReporter,
  up,
} from "../../engine/index.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";

// This package's own plugin under both engines: what a preview alone tells of a secret that is another one now. No machine
// is reached: a difference is told from the state.

const repository = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "nemoclaw-rotation-"));
const project = { folder, stack: "local" };
const [first, second] = ["key-of-last-month", "key-of-this-month"];
const real = RealCli.find();

const secret = (value: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});
const machine = (privateKey: unknown) => ({
  id: "m1",
  address: "127.0.0.1",
  port: 1,
  user: "operator",
  hostKeys: ["ssh-ed25519 AAAA"],
  privateKey,
  arch: "amd64",
  gpu: "none",
  owner: { project: "nemoclaw", stack: "local", installation: "test" },
});
const route = {
  sandbox: "main",
  sandboxId: "m1/main",
  runtime: "embedded",
  baseUrl: "https://inference.example.com/v1",
  model: "m",
};

function program(key: string, privateKey: string): void {
  const connection = JSON.stringify(machine("KEY")).replace('"KEY"', `pulumi.secret("${privateKey}")`);
  writeFileSync(
    join(folder, "stacks/index.ts"),
    `import * as pulumi from "@pulumi/pulumi";
import { InferenceRoute } from "${repository}/resources/inference-route.ts";
import { SshKeyPair } from "${repository}/resources/ssh-key-pair.ts";
new SshKeyPair("pair", { comment: "test" });
const machine = ${connection};
if ("${key}") new InferenceRoute("main-inference", { ...${JSON.stringify(route)}, machine, key: "${key}" });
`,
  );
}

beforeAll(async () => {
  process.env.PULUMI_BACKEND_URL = `file://${folder}/state`;
  process.env.PULUMI_CONFIG_PASSPHRASE = "a passphrase for a test";
  for (const each of ["state", "stacks"]) mkdirSync(join(folder, each));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    `name: nemoclaw
runtime: { name: nodejs, options: { typescript: false } }
main: stacks/index.ts
stackConfigDir: stacks
plugins: { providers: [{ name: nemoclaw, path: "${repository}/provider" }] }
`,
  );
  program("", "");
  await initStack(project);
  await up({
    ...project,
    report: new TerminalReporter(
      () => {},
      (_, text) => text,
    ),
    skipPreview: true,
  });
  // As if an `up` had made it: a route on a machine that nobody needs to reach.
  const state = (await exportStack(project)) as unknown as { deployment: { resources: Record<string, unknown>[] } };
  const { resources } = state.deployment;
  const pair = resources.find(({ type }) => type === "nemoclaw:index:SshKeyPair") as Record<string, unknown>;
  const inputs = {
    ...route,
    machine: machine(secret("ssh-one")),
    key: secret(first),
    running: true,
    enabled: true,
    inForce: true,
    definition: "of last month",
  };
  const urn = String(pair.urn).replace("SshKeyPair::pair", "InferenceRoute::main-inference").replace("index", "host");
  resources.push({
    ...pair,
    urn,
    type: "nemoclaw:host:InferenceRoute",
    id: "m1/main/inference",
    inputs,
    outputs: inputs,
  });
  await importStack(project, state as never);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function embedded(): Promise<string> {
  const report = new DigestReporter({}, () => {});
  await preview({ ...project, report });
  return JSON.stringify(report.digest);
}

async function cli(): Promise<string> {
  return (real as RealCli).run({ ...project } as never, ["preview", "--json"]).stdout;
}

const engines = [
  ["the embedded engine", embedded],
  ["the real CLI", cli],
] as const;

for (const [engine, previewed] of engines) {
  test(`a preview by ${engine} names the secrets that are rotated, and shows none`, { timeout: 180_000 }, async ({
    skip,
  }) => {
    if (previewed === cli && !real) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI");
    program(second, "ssh-two");
    const text = await previewed();
    for (const hidden of [first, second, "ssh-one", "ssh-two"]) expect(text).not.toContain(hidden);
    const read = readPreview(text, "a preview");
    const step = read.steps.find(({ urn }) => urn.endsWith("::main-inference"));
    expect(step?.diffReasons?.toSorted()).toEqual(["definition", "key", "machine"]);
    expect(step?.detailedDiff).toEqual({
      key: { kind: "update", inputDiff: true },
      "machine.privateKey": { kind: "update", inputDiff: true },
      definition: { kind: "update", inputDiff: true },
    });
    expect(reportOfPreview({ stack: "local", preview: read, compared: "" }).secrets).toEqual([
      { name: "key of main-inference", kind: "changed" },
      { name: "machine.privateKey", kind: "changed", note: "in the connection of one resource" },
    ]);

    program(first, "ssh-one");
    const none = readPreview(await previewed(), "a preview");
    expect(reportOfPreview({ stack: "local", preview: none, compared: "" }).secrets).toEqual([]);
  });
}
