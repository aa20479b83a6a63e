import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

describe("a CLI that is not on PATH, with stand-ins for it", { timeout: 120_000 }, () => {
  /** Puts a CLI and its language host into a folder of the clone's home. */
  function put(clone: SmallClone, folder: string, version: string): string {
    const bin = join(clone.home, folder);
    putProgram(bin, "pulumi-language-nodejs", "");
    return putProgram(bin, "pulumi", `echo v${version}`);
  }

  async function found(clone: SmallClone, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const lines = `import { findEngine } from "./scripts/engine-choice.ts"; console.log((await findEngine()).about);`;
    return (await clone.lines(lines, env).ended).output.trim();
  }

  test("is found in ~/.pulumi, the installed one first, else the newest that npm's package has downloaded", async () => {
    await using clone = new SmallClone();
    put(clone, ".pulumi/versions/3.240.0/bin", "3.240.0");
    const newest = put(clone, ".pulumi/versions/3.1000.0/bin", "3.1000.0");
    expect(await found(clone)).toBe(`Pulumi CLI 3.1000.0 (found in ${clone.home}/.pulumi: ${newest})`);
    const installed = put(clone, ".pulumi/bin", "3.300.0");
    expect(await found(clone)).toBe(`Pulumi CLI 3.300.0 (found in ${clone.home}/.pulumi: ${installed})`);
  });

  test("is found where PULUMI_HOME says, and not in ~/.pulumi then", async () => {
    await using clone = new SmallClone();
    put(clone, ".pulumi/bin", "3.300.0");
    const other = put(clone, "elsewhere/bin", "3.301.0");
    const home = join(clone.home, "elsewhere");
    expect(await found(clone, { PULUMI_HOME: home })).toBe(`Pulumi CLI 3.301.0 (found in ${home}: ${other})`);
  });
});

describe("where an engine keeps a stack's state", { timeout: 120_000 }, () => {
  const login = {
    PULUMI_BACKEND_URL: "s3://the-company",
    PULUMI_ACCESS_TOKEN: "pul-0",
    PULUMI_CONFIG_PASSPHRASE: "the company's",
    PULUMI_STACK: "production",
  };

  async function environment(clone: SmallClone, stack: string): Promise<Record<string, string>> {
    const lines = `import { backendEnvironment } from "./scripts/local-backend.ts";
console.log(JSON.stringify(await backendEnvironment(${JSON.stringify(stack)})));`;
    return JSON.parse((await clone.lines(lines, login).ended).output);
  }

  test.each(["local", "local-two"])("is the clone for stack %s, whatever the user is logged in to", async (stack) => {
    await using clone = new SmallClone();
    const env = await environment(clone, stack);
    const kept = join(clone.root, ".nemoclaw");
    expect(env).toMatchObject({
      PULUMI_STACK: stack,
      PULUMI_HOME: join(kept, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${kept}/state`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(kept, "passphrase"),
    });
    expect(env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
    const passphrase = readFileSync(join(kept, "passphrase"), "utf8");
    expect(passphrase.length).toBeGreaterThan(40);
    expect(statSync(join(kept, "passphrase")).mode & 0o777).toBe(0o600);
    await environment(clone, stack);
    expect(readFileSync(join(kept, "passphrase"), "utf8")).toBe(passphrase);
  });

  test("has the user's plugins, also for stack local", async () => {
    await using clone = new SmallClone();
    await environment(clone, "local");
    mkdirSync(join(clone.home, ".pulumi/plugins/resource-command-v1"), { recursive: true });
    for (const _ of ["made", "found"]) {
      const { PULUMI_HOME = "" } = await environment(clone, "local");
      expect(readdirSync(join(PULUMI_HOME, "plugins"))).toEqual(["resource-command-v1"]);
    }
  });

  test.each(["prod", "localhost"])("is the user's own login for stack %s", async (stack) => {
    await using clone = new SmallClone();
    const env = await environment(clone, stack);
    expect(env).toMatchObject({ ...login, PULUMI_STACK: stack });
    expect(env).not.toHaveProperty("PULUMI_HOME");
    expect(existsSync(join(clone.root, ".nemoclaw"))).toBe(false);
  });
});
