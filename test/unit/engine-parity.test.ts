import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DigestReporter, exportStack, importStack } from "../../engine/index.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { Toys } from "../fixtures/engine/toys.ts";

// The same program, state and configuration under the embedded engine and under the real CLI.

const real = RealCli.find();
/** A test that needs the CLI; without one it is skipped and says why. */
const compare = (name: string, options: { timeout: number }, check: () => Promise<void>) =>
  test(name, options, async ({ skip }) => {
    if (!real) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so nothing to compare with");
    await check();
  });
const cli = real as RealCli;
const minutes = 180_000;

const program = `
  const config = new pulumi.Config();
  const a = new Thing("a", { key: config.get("key") ?? "1", value: config.getObject("shape"), secret: config.getSecret("token") });
  const b = new Thing("b", { value: a.derived, deleteFirst: true }, { dependsOn: [a], protect: false, customTimeouts: { create: "5m" } });
  new Box("box", { value: { deep: [1, { of: a.echo }], nothing: null } }, { dependsOn: [b] });
  new Thing("with", {}, { deletedWith: a, retainOnDelete: true, ignoreChanges: ["value"], additionalSecretOutputs: ["echo"] });
  export const derived = a.derived;
  export const shape = b.echo;
`;

function engine(toys: Toys, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const entry = join(import.meta.dirname, "../../engine/main.ts");
  const options = { encoding: "utf8", cwd: toys.folder, timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args, "-s", toys.stack], options);
  return { code: status, stdout, stderr };
}

async function configured(): Promise<Toys> {
  const toys = await Toys.make(program);
  for (const args of [
    ["toys:shape", "--path", "shape.of[0]", "5"],
    ["--secret", "token", "hunter2"],
    // In the plugin's own namespace: the default provider's inputs.
    ["toy:plain", "x<y"],
    ["--secret", "toy:hidden", "h"],
    ["--path", "toy:object.b", "true"],
    ["--path", "toy:object.a", "1"],
  ]) {
    const path = args.includes("--path");
    expect(engine(toys, "config", "set", ...(path ? args.slice(-3) : args)).stderr).not.toContain("error");
  }
  return toys;
}

compare(
  "the CLI goes on from a state of ours, in place and imported, and finds no change",
  { timeout: minutes },
  async () => {
    using toys = await configured();
    await toys.up();
    const inPlace = cli.run(toys, ["preview", "--json", "--expect-no-changes"]);
    expect(inPlace).toMatchObject({ code: 0 });
    expect(JSON.parse(inPlace.stdout).changeSummary).toEqual({ same: 6 });

    // As docs/gitops.md says it.
    const init = cli.run(toys, ["stack", "init", "--secrets-provider=passphrase"], { state: "other" });
    expect(init.code, init.said).toBe(0);
    const file = join(toys.folder, "state.json");
    writeFileSync(file, JSON.stringify(await exportStack(toys.target)));
    expect(readFileSync(file, "utf8")).not.toContain("hunter2");
    const imported = cli.run(toys, ["stack", "import", "--file", file], { state: "other" });
    expect(imported.said).toContain("Import complete");
    expect(cli.run(toys, ["preview", "--expect-no-changes"], { state: "other" })).toMatchObject({ code: 0 });
    expect(cli.run(toys, ["stack", "output", "derived", "--show-secrets"], { state: "other" }).stdout.trim()).toBe(
      "derived-hunter2",
    );
    expect(cli.run(toys, ["refresh", "--yes", "--expect-no-changes"], { state: "other" })).toMatchObject({ code: 0 });
  },
);

compare(
  "we go on from a state of the CLI, in place and imported, and find no change",
  { timeout: minutes },
  async () => {
    using toys = await configured();
    expect(cli.run(toys, ["up", "--yes"]).said).toContain("6 created");
    expect(await toys.preview({ expectNoChanges: true })).toMatchObject({ changes: { same: 6 } });
    expect(await toys.up({ refresh: true, expectNoChanges: true })).toMatchObject({ changes: { same: 6 } });

    const exported = JSON.parse(cli.run(toys, ["stack", "export", "--show-secrets"]).stdout);
    await importStack(toys.target, exported);
    expect(await toys.preview({ expectNoChanges: true })).toMatchObject({ changes: { same: 6 } });
    expect(readFileSync(toys.stateFile, "utf8")).not.toContain("hunter2");
    expect(await toys.up()).toMatchObject({ changes: { same: 6 } });
    expect(cli.run(toys, ["destroy", "--yes"]).said).toContain("6 deleted");
  },
);

compare("both write the same resources and preview the same steps", { timeout: minutes }, async () => {
  using ours = await configured();
  const plan = async () => {
    const digest = new DigestReporter({}, () => {});
    await ours.preview({ report: digest });
    const theirs = JSON.parse(cli.run(ours, ["preview", "--json"]).stdout);
    return { ours: digest.digest, theirs };
  };
  const first = await plan();
  // What does not depend on each other comes in any order.
  expect(first.ours.steps?.map(essence).sort(byUrn)).toEqual(first.theirs.steps.map(essence).sort(byUrn));
  expect(first.ours.changeSummary).toEqual(first.theirs.changeSummary);

  await ours.up();
  const mine = ours.state.resources;
  await ours.destroy();
  cli.run(ours, ["up", "--yes", "--skip-preview"]);
  expect(mine.map(bare).sort(byUrn)).toEqual(ours.state.resources.map(bare).sort(byUrn));

  engine(ours, "config", "set", "key", "2");
  ours.program(program.replace('new Thing("with"', "void (").replace(/void \(.*/, ""));
  const second = await plan();
  expect(second.ours.steps?.map(essence).sort(byUrn)).toEqual(second.theirs.steps.map(essence).sort(byUrn));
  expect(second.ours.changeSummary).toEqual(second.theirs.changeSummary);
});

compare("both keep each other out while one is at work", { timeout: minutes }, async () => {
  using toys = await configured();
  const folder = join(toys.folder, "state/.pulumi/locks/organization/toys/local");
  await toys.up();
  const lock = { pid: process.pid, username: "u", hostname: "another-computer", timestamp: new Date().toISOString() };
  writeFileSync(join(folder, "4c1b2c7a-0000-4000-8000-000000000000.json"), JSON.stringify(lock));
  expect(cli.run(toys, ["up", "--yes", "--skip-preview"]).said).toContain("locked by 1 lock");
  await expect(toys.up()).rejects.toThrow("locked by process");
});

compare("configuration written by either is read by the other", { timeout: minutes }, async () => {
  using toys = await configured();
  cli.run(toys, ["config", "set", "--path", "theirs.list[1]", "two"]);
  cli.run(toys, ["config", "set", "--secret", "hush", "quiet"]);
  for (const key of ["key", "token", "hush", "toy:object", "theirs", "shape"]) {
    const [mine, theirs] = [engine(toys, "config", "get", key), cli.run(toys, ["config", "get", key])];
    expect([key, mine.code === 0, mine.stdout]).toEqual([key, theirs.code === 0, theirs.stdout]);
  }
  expect(JSON.parse(engine(toys, "config", "--json").stdout)).toEqual(
    JSON.parse(cli.run(toys, ["config", "--json"]).stdout),
  );
});

type Entry = Record<string, unknown> & { urn: string };

function byUrn(a: Entry, b: Entry): number {
  return a.urn.localeCompare(b.urn);
}

/** What a preview step says that does not depend on where the program stands or when it ran. */
function essence(step: Entry): Entry {
  const part = (name: string) => bare((step[name] ?? {}) as Entry);
  const { op, urn, replaceReasons } = step;
  return { op, urn, replaceReasons, before: part("oldState").inputs, after: part("newState").inputs };
}

function bare({
  id,
  created,
  modified,
  sourcePosition,
  stackTrace,
  provider,
  dependencies,
  propertyDependencies,
  ...rest
}: Entry): Entry {
  void [id, created, modified, sourcePosition, stackTrace, provider];
  const sorted = (urns: unknown) => [...((urns as string[] | undefined) ?? [])].sort();
  const each = Object.entries((propertyDependencies as Record<string, string[]> | undefined) ?? {});
  const text = JSON.stringify({
    ...rest,
    dependencies: sorted(dependencies),
    properties: each.map(([key, urns]) => [key, sorted(urns)]).sort(),
  });
  // Ids and ciphertexts differ from run to run.
  return JSON.parse(text.replace(/"ciphertext":"[^"]*"/g, '"ciphertext":""').replace(/"serial":\d+/g, '"serial":0'));
}
