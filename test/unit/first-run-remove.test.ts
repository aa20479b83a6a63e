import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

const notOurs = "not as a quick start wrote it, or older than its note of that";
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
const note = (clone: SmallClone) => join(clone.root, ".nemoclaw/stack-files/local.json");
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
    expect(last.output).not.toContain(notOurs);
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
      `${file}, which is ${notOurs}, and ${secret}, without which nobody reads its secrets; remove with: rm ${file} ${secret}\n`,
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
    expect(first.output).toContain(`Kept, as it is ${notOurs}: ${stackFile(clone, "local-team")}`);
    expect(existsSync(stackFile(clone, "local-team"))).toBe(true);
  });

  /** What a run that was killed before it had an engine add anything has left. */
  const begun = `import { noteBegun } from "./scripts/first-run/stack-file.ts";
import { localConfiguration } from "./scripts/first-run/local-stack.ts";
import { writeFileSync } from "node:fs";
await noteBegun("local", localConfiguration({}));
writeFileSync("stacks/Pulumi.local.yaml", localConfiguration({}));`;
  const set = (clone: SmallClone, key: string) =>
    clone.lines(
      `import { findEngine, runEngine } from "./scripts/engine-choice.ts";
const words = ["config", "set", "--secret", "${key}", "--stack", "local"];
process.exit((await runEngine(await findEngine(), "local", words, { stdin: "a key of my own" })).exitCode);`,
      env,
    ).ended;

  test("removes one that a killed run has left without its secrets", async () => {
    await using clone = new SmallClone();
    await clone.lines(begun, env).ended;
    const { output } = await destroy(clone);
    expect(output).toContain("Everything the quick start made is gone.");
    expect(existsSync(stackFile(clone))).toBe(false);
  });

  test.each([
    ["a secret", async (clone: SmallClone) => void (await set(clone, "nemoclaw:inferenceKey"))],
    ["a comment", (clone: SmallClone) => appendFileSync(stackFile(clone), "# my own notes\n")],
  ])("keeps %s that a person has written into one that a killed run has left", async (_, write) => {
    await using clone = new SmallClone();
    await clone.lines(begun, env).ended;
    expect((await clone.script("pulumi", ["stack", "init", "local"], env).ended).exitCode).toBe(0);
    await write(clone);
    // Also where a quick start has gone on with it.
    const mine = await configure(clone, "local");
    const { exitCode, output } = await destroy(clone);
    expect(exitCode, output).toBe(0);
    expect(output).toContain(`${stackFile(clone)}, which is ${notOurs}`);
    expect(readFileSync(stackFile(clone), "utf8")).toBe(mine);
  });

  /** Kills the run once the engine has added the key, before anything notes it. */
  async function killedAt(clone: SmallClone, key: string): Promise<void> {
    const lines = `import { existsSync } from "node:fs";
import { findEngine, runEngine } from "./scripts/engine-choice.ts";
import { noteAdding } from "./scripts/first-run/stack-file.ts";
import { stackStateFile } from "./scripts/local-backend.ts";
const engine = await findEngine();
const add = async (key, words) => noteAdding("local", key, async () => {
  await runEngine(engine, "local", words, { stdin: "made up" });
  if (key === "${key}") process.kill(process.pid, "SIGKILL");
});
if (!existsSync(stackStateFile("local"))) await add("encryptionsalt", ["stack", "init", "local"]);
await add("nemoclaw:inferenceKey", ["config", "set", "--secret", "nemoclaw:inferenceKey", "--stack", "local"]);`;
    await clone.lines(begun, env).ended;
    expect((await clone.lines(lines, env).ended).signal).toBe("SIGKILL");
  }

  test.each(["encryptionsalt", "nemoclaw:inferenceKey"])(
    "removes one to which a killed run was adding %s, and names that",
    async (key) => {
      await using clone = new SmallClone();
      await killedAt(clone, key);
      const { output } = await destroy(clone);
      expect(output).toContain(`${stackFile(clone)} goes with its ${key}, which a run that was killed was adding`);
      expect(existsSync(stackFile(clone))).toBe(false);
    },
  );

  test("keeps what a person has written beside what a killed run was adding, and what a later run took up is its own", async () => {
    await using clone = new SmallClone();
    await killedAt(clone, "nemoclaw:inferenceKey");
    const left = readFileSync(stackFile(clone), "utf8");
    appendFileSync(stackFile(clone), "# my own notes\n");
    expect((await destroy(clone)).output).toContain(`${stackFile(clone)}, which is ${notOurs}`);

    await using other = new SmallClone();
    await killedAt(other, "nemoclaw:inferenceKey");
    expect(readFileSync(stackFile(other), "utf8")).toHaveLength(left.length);
    await configure(other, "local");
    const { output } = await destroy(other);
    expect(output).toContain("Everything the quick start made is gone.");
    expect(output).not.toContain("was adding");
    expect(existsSync(stackFile(other))).toBe(false);
  });

  test("goes on where its notes cannot be read, names them, and calls nothing gone that they may have named", async () => {
    await using clone = new SmallClone();
    const made = join(clone.root, ".nemoclaw/made-here.json");
    await configure(clone, "local");
    for (const file of [note(clone), made]) writeFileSync(file, "");
    await configure(clone, "local");
    const { exitCode, output } = await destroy(clone);
    expect(exitCode, output).toBe(0);
    for (const file of [note(clone), made]) expect(output).toContain(`${file} cannot be read, so what it noted is`);
    expect(output).toContain(`${stackFile(clone)}, which is ${notOurs}`);
    expect(output).toContain("Not all that the quick start made is gone. What stays:");
    expect(output).toContain("where the note that could not be read named some; remove with: docker image rm");
    expect([existsSync(stackFile(clone)), existsSync(made)]).toEqual([true, false]);
  });

  test.each(["local-org/nemoclaw/prod", "local-../prod", "local-$(id)"])("is no command for %s", async (name) => {
    await using clone = new SmallClone();
    writeFileSync(stackFile(clone, "prod"), "config: {}\n");
    const { exitCode, output } = await destroy(clone, "-s", name);
    expect(exitCode, output).toBe(64);
    expect(existsSync(stackFile(clone, "prod"))).toBe(true);
  });
});
