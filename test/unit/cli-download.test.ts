import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

/** Downloads nothing: notes that it was asked, and writes a CLI that knows its version, or half of one. */
const downloader = (whole: boolean) => `const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs");
appendFileSync(process.env.HOME + "/asked", "once\\n");
const bin = process.env.HOME + "/.pulumi/versions/" + process.env.PULUMI_VERSION + "/bin/";
mkdirSync(bin, { recursive: true });
writeFileSync(bin + "pulumi", "#!/bin/sh\\necho v" + process.env.PULUMI_VERSION + "\\n", { mode: 0o755 });
console.log("half");
${whole ? 'writeFileSync(bin + "pulumi-language-nodejs", "", { mode: 0o755 });' : "const parent = process.ppid; setInterval(() => process.ppid === parent || process.exit(), 100);"}
`;

function cloneWith(run: string): SmallClone {
  const clone = new SmallClone();
  clone.package("pulumi", { "package.json": '{ "name": "pulumi", "version": "3.999.0" }', "run.js": run });
  return clone;
}

const home = (clone: SmallClone, name: string) => join(clone.home, name);
const folder = ".pulumi/versions/3.999.0";

/** There is no Docker, so a quick start ends where it needs one. */
async function quickstart(clone: SmallClone, ...args: string[]): Promise<string> {
  return (await clone.script("quickstart", args).ended).output;
}

describe("the Pulumi CLI that npm's package downloads, with a stand-in for the package", { timeout: 120_000 }, () => {
  test("is announced, taken, and goes with --destroy; another version and what is beside it stay", async () => {
    await using clone = cloneWith(downloader(true));
    mkdirSync(home(clone, ".pulumi/versions/3.1.0/bin"), { recursive: true });
    const came = await quickstart(clone);
    const announced = `  in ~/${folder}: the Pulumi CLI, where npm's pulumi package can download it (no Pulumi CLI on PATH`;
    expect(came).toContain(announced);
    expect(came).toContain("Engine: Pulumi CLI 3.999.0 (downloaded by npm's pulumi package");
    expect(came.indexOf(announced)).toBeLessThan(came.indexOf("downloading Pulumi CLI 3.999.0"));

    const again = await quickstart(clone);
    expect(again).toContain(`Engine: Pulumi CLI 3.999.0 (found in ${home(clone, ".pulumi")}`);
    expect(again).not.toContain("can download it");
    const gone = await quickstart(clone, "--destroy");
    expect(existsSync(home(clone, folder)), gone).toBe(false);
    expect(existsSync(home(clone, ".pulumi/versions/3.1.0"))).toBe(true);
    expect(gone).toContain(`${home(clone, ".pulumi")}, where any Pulumi CLI keeps logs`);
  });

  test("goes with --destroy after a run that was killed in the download", async () => {
    await using clone = cloneWith(downloader(false));
    const run = clone.script("quickstart");
    expect(await run.printed(/half/)).toBe(true);
    run.kill("SIGKILL");
    expect(existsSync(home(clone, folder))).toBe(true);
    await quickstart(clone, "--destroy");
    expect(existsSync(home(clone, ".pulumi"))).toBe(false);
  });

  test("that was here already stays", async () => {
    await using clone = cloneWith(downloader(true));
    await clone.lines('import { findEngine } from "./scripts/engine-choice.ts"; await findEngine({ download: true });')
      .ended;
    expect(existsSync(home(clone, folder))).toBe(true);
    await quickstart(clone);
    await quickstart(clone, "--destroy");
    expect(existsSync(home(clone, folder))).toBe(true);
  });

  test("is not asked for again within a day of a refusal, nor for a stack that stands", async () => {
    await using clone = cloneWith(
      "require('node:fs').appendFileSync(process.env.HOME + '/asked', 'once\\n'); console.error('no way out'); process.exit(1);",
    );
    const refused = "npm's pulumi package could not download it: no way out";
    expect(await quickstart(clone)).toContain(refused);
    expect(await quickstart(clone)).toContain(refused);
    const note = join(clone.root, ".nemoclaw/no-cli-download.json");
    writeFileSync(note, readFileSync(note, "utf8").replace(/"at":\d+/, '"at":1'));
    const state = join(clone.root, ".nemoclaw/state/.pulumi/stacks/nemoclaw");
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "local.json"), "{}");
    const stands = await quickstart(clone);
    expect(stands).toContain("the embedded engine of this project (no Pulumi CLI on PATH or in ~/.pulumi)");
    expect(stands).not.toContain("can download it");
    expect(readFileSync(home(clone, "asked"), "utf8")).toBe("once\n");
  });
});
