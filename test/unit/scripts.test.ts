import { execFile, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { appliedOf, tellEngineLine } from "../../scripts/first-run/apply.ts";
import { localConfiguration } from "../../scripts/first-run/local-stack.ts";
import { namedStack } from "../../scripts/named-stack.ts";
import { Progress } from "../../scripts/progress.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { SmallClone } from "../support/small-clone.ts";
import { cloneFolder } from "../support/source-files.ts";
import { putProgram } from "../support/stand-ins.ts";
import { watchProgram } from "../support/watch-program.ts";

const scratch: string[] = [];
afterEach(() => {
  for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-scripts-"));
  scratch.push(folder);
  return folder;
}

/** Programs by name in a folder of their own, for PATH. */
function programs(folder: string, texts: Record<string, string>): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(texts)) putProgram(bin, name, text);
  return bin;
}

interface Run {
  readonly exitCode: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((done) => {
    execFile(file, args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      done({ exitCode: error ? (error.code ?? "signal") : 0, stdout, stderr }),
    );
  });
}

describe("with-node.sh, with a stand-in for npm", () => {
  /** A clone with nothing but the starter, whose npm makes node_modules as `npm ci` would. */
  function smallClone(npm: string): { root: string; env: NodeJS.ProcessEnv; start: string } {
    const root = scratchFolder();
    mkdirSync(join(root, "scripts"));
    cpSync(join(cloneFolder, "scripts/with-node.sh"), join(root, "scripts/with-node.sh"));
    writeFileSync(join(root, "package-lock.json"), '{"packages":{"":{},"node_modules/a":{"integrity":"x"}}}');
    writeFileSync(join(root, "scripts/say.ts"), "console.log(JSON.stringify(process.argv.slice(2)));\n");
    const bin = programs(root, { npm: `echo "npm $*" >>"${root}/npm-calls"\n${npm}` });
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    return { root, env, start: join(root, "scripts/with-node.sh") };
  }
  const install = "mkdir -p node_modules && echo whole >node_modules/a";
  const calls = (root: string) => readFileSync(join(root, "npm-calls"), "utf8").trim().split("\n");

  test("installs once, hands arguments on as they are, and installs again when the lock file changes", async () => {
    const { root, env, start } = smallClone(install);
    const awkward = ["a b", "", "$(echo x)", "-n", "ü\n"];
    const first = await run(start, ["scripts/say.ts", ...awkward], env);
    expect(first).toMatchObject({ exitCode: 0, stdout: `${JSON.stringify(awkward)}\n` });
    await run(start, ["scripts/say.ts"], env);
    expect(calls(root)).toHaveLength(1);

    writeFileSync(join(root, "package-lock.json"), '{"packages":{"":{},"node_modules/b":{"integrity":"y"}}}');
    await run(start, ["scripts/say.ts"], env);
    expect(calls(root)).toHaveLength(2);
  });

  test("does not install over what npm has installed by hand", async () => {
    const { root, env, start } = smallClone(install);
    mkdirSync(join(root, "node_modules"));
    cpSync(join(root, "package-lock.json"), join(root, "node_modules/.package-lock.json"));
    expect(await run(start, ["scripts/say.ts"], env)).toMatchObject({ exitCode: 0 });
    expect(() => calls(root)).toThrow();
  });

  test("goes on after an installation that was killed half way", async () => {
    const { root, env, start } = smallClone(`${install}; [ -e "$0.go" ] || kill -9 "$PPID"`);
    const killed = await run(start, ["scripts/say.ts"], env);
    expect(killed.exitCode).not.toBe(0);
    writeFileSync(join(root, "bin/npm.go"), "");
    expect(await run(start, ["scripts/say.ts"], env)).toMatchObject({ exitCode: 0, stdout: "[]\n" });
    expect(calls(root)).toHaveLength(2);
  });

  test("goes on where the one that installed is gone and another process has its id by now", async () => {
    const { root, env, start } = smallClone(install);
    mkdirSync(join(root, ".nemoclaw"));
    symlinkSync(`${process.pid}:1`, join(root, ".nemoclaw/npm-ci.lock"));
    expect(await run(start, ["scripts/say.ts"], env)).toMatchObject({ exitCode: 0, stdout: "[]\n" });
    expect(calls(root)).toHaveLength(1);
  });

  test("says so where it cannot make its lock, as in a folder of root's, and does not try for ever", async () => {
    const { root, env, start } = smallClone(install);
    programs(root, { ln: `echo "ln: failed to create symbolic link '$3': Permission denied" >&2; exit 1` });
    const { exitCode, stderr } = await run(start, ["scripts/say.ts"], env);
    expect(exitCode).toBe(1);
    const lock = join(root, ".nemoclaw/npm-ci.lock");
    expect(stderr).toContain(
      `${lock} cannot be made\n  said  ln: failed to create symbolic link '${lock}': Permission`,
    );
    expect(stderr).toMatch(/\n {2}try {3}ls -ld .*sudo chown -R \S+ /);
    expect(() => calls(root)).toThrow();
  });

  test("waits for the npm of a run that was killed itself, says again and again that it does, and does not install again", {
    timeout: 60_000,
  }, async () => {
    const { root, env, start } = smallClone(
      `for i in $(seq 300); do [ -e enough ] && break; sleep 0.1; done; ${install}; cp package-lock.json node_modules/.package-lock.json`,
    );
    const first = spawn(start, ["scripts/say.ts"], { env, stdio: "ignore" });
    for (let waited = 0; !existsSync(join(root, "npm-calls")) && waited < 20_000; waited += 50) await sleep(50);
    first.kill("SIGKILL");
    await using second = watchProgram([start, "scripts/say.ts"], { env });
    expect(
      await second.printed(
        /Waiting for another run \(process \d+, says .*npm-ci.lock\)[\s\S]*still waiting[\s\S]*still waiting/,
      ),
      second.output(),
    ).toBe(true);
    writeFileSync(join(root, "enough"), "");
    const { exitCode, output } = await second.ended;
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/\n\[\]\n$/);
    expect(calls(root)).toHaveLength(1);
  });

  test("lets one of two runs install and the other wait", async () => {
    // Who finds that npm has just ended goes by the file that it writes last.
    const npm = `sleep 2; ${install}; cp package-lock.json node_modules/.package-lock.json`;
    const { root, env, start } = smallClone(npm);
    const both = await Promise.all([run(start, ["scripts/say.ts"], env), run(start, ["scripts/say.ts"], env)]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(calls(root)).toHaveLength(1);
    expect(both.filter(({ stderr }) => stderr.includes("Waiting for another run"))).toHaveLength(1);
  });

  test("begins again where npm waits for a download that stalled, and thrice at most", {
    timeout: 60_000,
  }, async () => {
    const cache = scratchFolder();
    // exec, as npm itself is one process: what it waits for must not outlive it.
    const { root, env, start } = smallClone(
      `if [ -e "$0.once" ]; then ${install}; else : >"$0.once"; exec sleep 300; fi`,
    );
    const short = { ...env, npm_config_cache: cache, NEMOCLAW_NPM_STILL_SECONDS: "0" };
    const again = await run(start, ["scripts/say.ts"], short);
    expect(again).toMatchObject({ exitCode: 0, stdout: "[]\n" });
    expect(again.stderr).toContain("npm downloaded nothing for 0 s although it was not done");
    expect(calls(root)).toHaveLength(2);

    const dead = smallClone("exec sleep 300");
    const given = await run(dead.start, ["scripts/say.ts"], { ...short, PATH: dead.env.PATH });
    expect(given.exitCode).toBe(1);
    expect(given.stderr).toContain("npm ci failed in");
    expect(calls(dead.root)).toHaveLength(3);
  });

  test("says what npm said when it fails", async () => {
    const { env, start } = smallClone("echo npm error code E404; exit 1");
    const failed = await run(start, ["scripts/say.ts"], env);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("npm error code E404");
    expect(failed.stderr).toContain("try");
  });

  test("takes files that npm could not write for a failure, though npm only warns of them", async () => {
    const { env, start } = smallClone(
      `${install}; echo npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device >&2`,
    );
    const failed = await run(start, ["scripts/say.ts"], env);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("no space left on device");
  });

  test("asks for Node where there is none", async () => {
    const { root, start } = smallClone(install);
    const bin = programs(join(root, "bare"), {});
    for (const name of ["sh", "dirname", "uname", "cksum", "cat", "mkdir"]) {
      execFileSync("ln", ["-s", execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), bin]);
    }
    const failed = await run(start, ["scripts/say.ts"], { PATH: bin });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("needs some Node.js, 18 or newer");
  });
});

describe("the choice of the engine, with stand-ins for the CLI", () => {
  const cli = (version: string) => `echo v${version}`;

  /** Runs scripts/pulumi with these programs on PATH and gives the line that names the engine. */
  async function engineLine(texts: Record<string, string>, more: NodeJS.ProcessEnv = {}): Promise<string> {
    const folder = scratchFolder();
    const bin = programs(folder, texts);
    const home = join(folder, "home");
    mkdirSync(home);
    const ask = `import { findEngine } from ${JSON.stringify(join(cloneFolder, "scripts/engine-choice.ts"))};
      try { console.log((await findEngine()).about); } catch (error) { console.log(error.message); }`;
    const env = { HOME: home, PATH: `${bin}:/usr/bin:/bin`, ...more };
    return (await run(process.execPath, ["--input-type=module-typescript", "--eval", ask], env)).stdout;
  }

  test("takes a CLI on PATH with its language host", async () => {
    const line = await engineLine({ pulumi: cli("3.270.0"), "pulumi-language-nodejs": "" });
    expect(line).toMatch(/^Pulumi CLI 3\.270\.0 \(found on PATH: .*\/bin\/pulumi\)/);
  });

  test.each([
    ["has no language host", { pulumi: cli("3.270.0") }, "has no pulumi-language-nodejs"],
    ["names no version", { pulumi: cli(""), "pulumi-language-nodejs": "" }, "does not say which version it is"],
    ["is too old", { pulumi: cli("3.100.0"), "pulumi-language-nodejs": "" }, "older than 3.230"],
    ["does not run", { pulumi: "exit 3", "pulumi-language-nodejs": "" }, "does not run"],
  ])("falls back and says why when the CLI %s", async (_what, texts, reason) => {
    const line = await engineLine(texts);
    expect(line).toMatch(/^the embedded engine/);
    expect(line).toContain(reason);
  });

  test("is forced by NEMOCLAW_ENGINE, and refused when what is forced is not there", async () => {
    const texts = { pulumi: cli("3.270.0"), "pulumi-language-nodejs": "" };
    expect(await engineLine(texts, { NEMOCLAW_ENGINE: "embedded" })).toMatch(/^the embedded engine/);
    expect(await engineLine({}, { NEMOCLAW_ENGINE: "cli" })).toContain("no Pulumi CLI can be had");
  });
});

describe("the browser for the review's page, with a stand-in", () => {
  const ask = `import { installedBrowser } from ${JSON.stringify(join(cloneFolder, "scripts/installed-browser.ts"))};
    console.log(installedBrowser());`;
  const found = (cwd: string, path: string) =>
    execFileSync(process.execPath, ["--input-type=module-typescript", "--eval", ask], {
      cwd,
      env: { PATH: path },
      encoding: "utf8",
    }).trim();

  test("is a program of a folder on PATH, and no folder and no file where one stands by chance", () => {
    const bin = programs(scratchFolder(), { "google-chrome": "" });
    const noProgram = join(scratchFolder(), "bin");
    mkdirSync(join(noProgram, "chromium"), { recursive: true });
    expect(found(bin, "/no/such:")).toBe("undefined");
    expect(found("/", `${noProgram}:${bin}`)).toBe(join(bin, "google-chrome"));
  });
});

describe("the stack that a Pulumi command names, which decides where its state is", () => {
  test.each([
    ["up -s prod", "prod"],
    ["preview --stack=prod --diff", "prod"],
    ["config set -sprod key", "prod"],
    ["stack init prod", "prod"],
    ["stack init --secrets-provider passphrase prod", "prod"],
    ["stack init --secrets-provider=passphrase acme/nemoclaw/prod", "acme/nemoclaw/prod"],
    ["stack rm --yes prod", "prod"],
    ["stack select prod --create", "prod"],
    ["cancel --yes prod", "prod"],
    ["stack init", undefined],
    ["stack output url", undefined],
    ["config set key value", undefined],
    ["up -- -s prod", undefined],
  ])("%s", (command, stack) => {
    expect(namedStack(command.split(" "))).toBe(stack);
  });
});

describe("running a program", () => {
  test("gives its output, its exit code, and its input from us", async () => {
    const lines: string[] = [];
    const script = "cat; echo problem >&2; exit 3";
    const done = await runProgram(["sh", "-c", script], { stdin: "secret", onLine: (line) => lines.push(line) });
    expect(done).toEqual({ exitCode: 3, stdout: "secret", stderr: "problem\n" });
    expect(lines.sort()).toEqual(["problem", "secret"]);
  });

  test.each([
    ["127 for a program that is not there", ["nemoclaw-no-such-program"], 127],
    ["124 for one stopped at its limit", ["sleep", "30"], 124],
    ["143 for one that was ended", ["sh", "-c", "kill -TERM $$"], 143],
  ])("gives %s", async (_what, command, exitCode) => {
    const timeoutSeconds = exitCode === 124 ? 1 : 60;
    expect(await runProgram(command, { timeoutSeconds })).toMatchObject({ exitCode });
  });

  test("passes an interrupt on, waits for the program's own end, and is cancelled however well that was", async () => {
    const program = `import { runProgram } from ${JSON.stringify(join(cloneFolder, "scripts/run-program.ts"))};
      const done = await runProgram(["sh", "-c", "trap 'echo cleaned; exit 0' INT; echo up; while :; do sleep 0.1; done"],
        { onLine: (line) => console.log(line) }).catch((error) => error);
      console.log("ended", done.kind);`;
    await using child = watchProgram([process.execPath, "--input-type=module-typescript", "--eval", program]);
    expect(await child.printed(/up/)).toBe(true);
    child.kill("SIGINT");
    expect((await child.ended).output).toBe("up\ncleaned\nended cancelled\n");
  });
});

describe("progress", () => {
  test("tells the start, what is said, and how long it took, without colours where there is no terminal", async () => {
    const written: string[] = [];
    const progress = new Progress({ write: (text) => written.push(text) });
    await progress.step("Do it", async (say) => say("half way"));
    expect(written.join("")).toMatch(/^▸ Do it\n {4}half way\n {2}✓ Do it \(\d+\.\d s\)\n$/);
  });

  test("is never silent for long, and marks what failed", async () => {
    const written: string[] = [];
    const progress = new Progress({ write: (text) => written.push(text) }, 500);
    const failing = progress.step("Do it", async (say) => {
      say("the slow part");
      await sleep(2500);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(written.join("")).toContain("still at: the slow part");
    expect(written.at(-1)).toMatch(/✗ Do it \(failed after/);
  });
});

describe("the first look, with a stand-in for a Docker that takes its time", { timeout: 120_000 }, () => {
  test.each([
    ["of the quick start", [], "Look at this computer"],
    ["of --destroy", ["--destroy"], "Look at what is here"],
  ])("%s is not silent", async (_what, args, title) => {
    await using clone = new SmallClone({
      docker: "i=0; while [ $((i += 1)) -lt 300 ] && kill -0 $PPID; do sleep 0.1; done",
    });
    const run = clone.script("quickstart", args);
    expect(await run.printed(new RegExp(`▸ ${title}\n {4}… `))).toBe(true);
    run.kill("SIGKILL");
    await run.ended;
  });
});

describe("scripts/test, with a stand-in for Vitest", { timeout: 120_000 }, () => {
  test("hands on what is to be run and ends with the tally", async () => {
    await using clone = new SmallClone();
    const vitest = `console.log(process.argv.slice(2).join(" ")); console.log("2 passed, 0 failed, 0 skipped"); console.log("after it");`;
    clone.package("vitest", { "vitest.mjs": vitest });
    const all = await clone.script("test", ["unit"]).ended;
    expect(all).toEqual({
      exitCode: 0,
      signal: null,
      output: "run --project unit\nafter it\n2 passed, 0 failed, 0 skipped\n",
    });
    const one = await clone.script("test", ["unit", "lock", "-t", "a pin"]).ended;
    expect(one.output).toContain("run lock --project unit --testNamePattern a pin\n");
  });

  const withImage = (inspected: string) => ({
    docker: `case "$1 $2" in "image inspect") ${inspected} ;; *) echo "[]" ;; esac`,
    dockerd: "exit 1",
    chromium: "exit 0",
  });
  const counting = `const words = process.argv.slice(2).join(" ");
console.log(words);
console.log(words.includes("unit") ? "4 passed, 0 failed, 1 skipped" : "2 passed, 0 failed, 3 skipped");`;

  test("runs all in two parts with one tally, or in one where only some are asked for", async () => {
    await using clone = new SmallClone(withImage("echo '[{}]'"));
    clone.package("vitest", { "vitest.mjs": counting });
    const all = await clone.script("test").ended;
    expect(all.output.match(/^run .*$/gm)).toEqual(["run --project unit", "run --project e2e"]);
    expect(all.output).toMatch(/\n6 passed, 0 failed, 4 skipped\n$/);
    expect(all.exitCode).toBe(0);
    const some = await clone.script("test", ["all", "parity"]).ended;
    expect(some.output.match(/^run .*$/gm)).toEqual(["run parity"]);
  });

  test("ends with a failure where no machine could be set up, and with what passed before it", async () => {
    await using clone = new SmallClone(withImage("exit 1"));
    clone.package("vitest", { "vitest.mjs": counting });
    const { exitCode, output } = await clone.script("test").ended;
    expect(output.match(/^run .*$/gm)).toEqual(["run --project unit"]);
    expect(output).toMatch(/\n4 passed, 1 failed, 1 skipped\n$/);
    expect(exitCode).toBe(1);
  });
});

describe("what an apply did", () => {
  test.each([
    ["the CLI, first run", "Resources:\n    + 12 created\n\nDuration: 58s\n", { changed: true, summary: "12 created" }],
    [
      "the CLI, a change",
      "Resources:\n    ~ 1 updated\n    +-2 replaced\n    9 unchanged\n\nDuration: 3s\n",
      { changed: true, summary: "1 updated, 2 replaced" },
    ],
    [
      "the CLI, no change",
      "Resources:\n    12 unchanged\n\nDuration: 2s\n",
      { changed: false, summary: "nothing to change" },
    ],
    [
      "the embedded engine",
      "Resources: 11 created, 1 unchanged, took 1m00s\n",
      { changed: true, summary: "11 created" },
    ],
    [
      "the embedded engine, no change",
      "Resources: 12 unchanged, took 2s\n",
      { changed: false, summary: "nothing to change" },
    ],
  ])("is read from the words of %s", (_what, output, expected) => {
    expect(appliedOf(`  5 old things\n${output}`)).toEqual(expected);
  });
});

describe("an engine's line", () => {
  test.each([
    ["@ updating......", true],
    [" ~  nemoclaw:host:Sandbox main-sandbox refreshing (0s)", true],
    ["    nemoclaw:host:Sandbox main-sandbox", true],
    ["  nemoclaw:host:Sandbox main-sandbox: sandbox main: systemctl daemon-reload", true],
    [" +  nemoclaw:host:Sandbox main-sandbox created (3s)", false],
    [" +  nemoclaw:host:Sandbox main-sandbox creating (3s) error: it would not start", false],
    ["  error: nemoclaw:host:Sandbox main-sandbox: it would not start", false],
    ["      said  Job for nemoclaw-sandbox@main.service failed", false],
  ])("%s is only passing: %s", (line, passing) => {
    const said: unknown[] = [];
    tellEngineLine(line, (_text, how) => said.push(how?.passing));
    expect(said).toEqual([passing]);
  });
});

describe("the local stack's configuration", () => {
  test("is whole YAML, with the operator's mirrors and certificates", () => {
    const ca = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const mirrors = { npm: "https://npm.example/", ca };
    const { config } = parse(localConfiguration(mirrors)) as { config: Record<string, unknown> };
    expect(config["nemoclaw:mirrors"]).toEqual(mirrors);
    expect(config["nemoclaw:machine"]).toEqual({ kind: "local", demo: true });
  });

  test("names no mirror where the usual places serve", () => {
    const { config } = parse(localConfiguration({})) as { config: Record<string, unknown> };
    expect(config).not.toHaveProperty("nemoclaw:mirrors");
  });
});
