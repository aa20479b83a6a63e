import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

const env = { NEMOCLAW_ENGINE: "embedded" };

/** Makes stacks as far as the quick start does before it applies them. */
async function configure(clone: SmallClone, ...stacks: string[]): Promise<string> {
  const lines = `import { findEngine } from "./scripts/engine-choice.ts";
import { ensureLocalStack } from "./scripts/first-run/local-stack.ts";
for (const stack of ${JSON.stringify(stacks)}) await ensureLocalStack(await findEngine(), stack, () => {});`;
  const { exitCode, output } = await clone.lines(lines, env).ended;
  expect(exitCode, output).toBe(0);
  return readFileSync(stackFile(clone), "utf8");
}

const stackFile = (clone: SmallClone, stack = "local") => join(clone.root, `stacks/Pulumi.${stack}.yaml`);
const passphrase = (clone: SmallClone) => join(clone.root, ".nemoclaw/passphrase");
const destroy = (clone: SmallClone, ...args: string[]) => clone.script("quickstart", ["--destroy", ...args], env).ended;

describe("what the quick start's --destroy does with stack files", { timeout: 120_000 }, () => {
  test("removes one that it made, and the clone's passphrase with the last of them alone", async () => {
    await using clone = new SmallClone();
    await configure(clone, "local", "local-second");
    writeFileSync(stackFile(clone, "prod"), "config: {}\n");
    expect((await destroy(clone)).output).toContain("Kept for stack local-second: ");
    expect([passphrase(clone), stackFile(clone)].map((file) => existsSync(file))).toEqual([true, false]);
    const last = await destroy(clone, "-s", "local-second");
    expect(last.output).toContain("Everything the quick start made is gone.");
    expect(last.output).not.toContain("which you wrote or changed");
    const left = [stackFile(clone, "local-second"), join(clone.root, ".nemoclaw"), stackFile(clone, "prod")];
    expect(left.map((file) => existsSync(file))).toEqual([false, false, true]);
  });

  test("keeps one that somebody has changed, names it, and keeps what its secrets are read with", async () => {
    await using clone = new SmallClone();
    const mine = (await configure(clone, "local")).replace("presets: []", "presets: [github]");
    writeFileSync(stackFile(clone), mine);
    const { exitCode, output } = await destroy(clone);
    expect(exitCode, output).toBe(0);
    const [file, secret] = [stackFile(clone), passphrase(clone)];
    expect(output).toContain(
      `${file}, which you wrote or changed, and ${secret}, without which nobody reads its secrets; remove with: rm ${file} ${secret}\n`,
    );
    expect(existsSync(join(clone.root, ".nemoclaw/state"))).toBe(false);
    expect(await configure(clone, "local")).toBe(mine);
    const secrets = await clone.script("pulumi", ["config", "get", "nemoclaw:inferenceKey", "-s", "local"], env).ended;
    expect(secrets.output).toContain("demo-");
  });

  test("keeps one that somebody else wrote, of a stack that it never made, too", async () => {
    await using clone = new SmallClone();
    for (const stack of ["local-team", "local-other"]) writeFileSync(stackFile(clone, stack), "config: {}\n");
    const first = await destroy(clone, "-s", "local-team");
    expect(first.output).toContain(`Kept, as you wrote or changed it: ${stackFile(clone, "local-team")}`);
    expect(existsSync(stackFile(clone, "local-team"))).toBe(true);
  });

  test("removes one that a killed run has left without its secrets", async () => {
    await using clone = new SmallClone();
    const killed = `import { noteBegun } from "./scripts/first-run/stack-file.ts";
import { localConfiguration } from "./scripts/first-run/local-stack.ts";
import { writeFileSync } from "node:fs";
await noteBegun("local", localConfiguration({}));
writeFileSync("stacks/Pulumi.local.yaml", localConfiguration({}));`;
    await clone.lines(killed, env).ended;
    const { output } = await destroy(clone);
    expect(output).toContain("Everything the quick start made is gone.");
    expect(existsSync(stackFile(clone))).toBe(false);
  });

  test.each(["local-org/nemoclaw/prod", "local-../prod", "local-$(id)"])("is no command for %s", async (name) => {
    await using clone = new SmallClone();
    writeFileSync(stackFile(clone, "prod"), "config: {}\n");
    const { exitCode, output } = await destroy(clone, "-s", name);
    expect(exitCode, output).toBe(64);
    expect(existsSync(stackFile(clone, "prod"))).toBe(true);
  });
});
