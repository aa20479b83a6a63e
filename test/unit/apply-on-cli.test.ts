import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { cutCreations } from "../support/cut-creations.ts";
import { SmallClone } from "../support/small-clone.ts";

const real = RealCli.find();
const toys = join(import.meta.dirname, "../fixtures/engine");

/** A clone whose stack `local` is made of toys. */
class ToyClone extends SmallClone {
  constructor() {
    super();
    for (const part of ["toy", "stacks"]) cpSync(join(toys, part), join(this.root, part), { recursive: true });
    const project = readFileSync(join(toys, "Pulumi.yaml"), "utf8");
    writeFileSync(join(this.root, "Pulumi.yaml"), project.replace("name: toys", "name: nemoclaw"));
  }

  things(text: string): void {
    writeFileSync(join(this.root, "stacks/index.ts"), `import { Thing } from "./thing.ts";\n${text}`);
  }

  /** Applies the stack as the quick start does. */
  async apply(): Promise<string> {
    const lines = `import { existsSync } from "node:fs";
import { findEngine, runEngine } from "./scripts/engine-choice.ts";
import { stackStateFile } from "./scripts/local-backend.ts";
import { applyStack } from "./scripts/first-run/apply.ts";
const engine = await findEngine();
if (engine.kind !== "cli") throw new Error(engine.about);
if (!existsSync(stackStateFile("local"))) await runEngine(engine, "local", ["stack", "init", "local"]);
console.log(await applyStack(engine, "local", (line) => console.log(line)).catch((error) => error.message));`;
    const env = { PATH: `${(real as RealCli).folder}:${process.env.PATH}`, TOY_WORLD: join(this.root, "world.json") };
    return (await this.lines(lines, env).ended).output;
  }

  /** What the state says was being made when a run was cut short. */
  get pending(): string[] {
    return cutCreations(join(this.root, ".nemoclaw/state/.pulumi/stacks/nemoclaw/local.json"));
  }
}

describe("a creation that was cut short, on the real Pulumi CLI", { timeout: 180_000 }, () => {
  const withCli = (name: string, check: () => Promise<void>) =>
    test(name, async ({ skip }) => {
      if (!real) skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so no real apply");
      await check();
    });
  const killing = 'const b = new Thing("b", {}); new Thing("a", { fail: "kill" }, { dependsOn: b });';

  withCli("is no longer pending once an apply has taken it up", async () => {
    await using clone = new ToyClone();
    clone.things(killing);
    expect(await clone.apply()).toContain("Stack local could not be brought up");
    expect(readdirSync(join(clone.root, ".nemoclaw/pulumi-home"))).toContain("workspaces");
    expect(clone.pending).toEqual(["a"]);
    clone.things('new Thing("b", {}); new Thing("a", {});');
    expect(await clone.apply()).toContain("1 created");
    expect(clone.pending).toEqual([]);
  });

  withCli("stays pending where the program has given it up, since it may be there", async () => {
    await using clone = new ToyClone();
    clone.things(killing);
    await clone.apply();
    clone.things('new Thing("b", {});');
    expect(await clone.apply()).toContain("nothing to change");
    expect(clone.pending).toEqual(["a"]);
  });
});
