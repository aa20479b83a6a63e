import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneFolder, stackFile } from "../../scripts/clone-paths.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";

/**
 * The quick start, killed: at each step's end, and at five times that a seed chooses within the longest step. Each run goes on
 * from what the one before left. The model and Telegram are the DEMO's stand-ins.
 */
const stack = `${testStackPrefix}-interrupted`;
const environment = { ...process.env, NEMOCLAW_ENGINE: "embedded", NO_COLOR: "1" };

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Starts the quick start as the leader of a process group, as a terminal or a CI system would. */
function start(...args: string[]) {
  const script = join(cloneFolder, "scripts", "quickstart");
  const child = spawn(script, ["-s", stack, ...args], { cwd: cloneFolder, env: environment, detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<Ended>((done) =>
    child.on("close", (exitCode, signal) => done({ exitCode, signal, output })),
  );
  return {
    ended,
    /** Resolves when something was printed, or the run ended without it. */
    async printed(pattern: RegExp): Promise<boolean> {
      let over = false;
      void ended.then(() => {
        over = true;
      });
      while (!pattern.test(output) && !over) await sleep(20);
      return pattern.test(output);
    },
    /** Everything the run has started, or only the run itself. */
    kill(signal: NodeJS.Signals, whom: "group" | "alone") {
      const pid = child.pid ?? 0;
      process.kill(whom === "group" ? -pid : pid, signal);
    },
  };
}

/** Times in seconds that are the same on every run: one within each of `count` equal parts of `within`. */
function seededTimes(seed: string, count: number, within: number): number[] {
  return Array.from({ length: count }, (_, part) => {
    const random = createHash("sha256").update(`${seed} ${part}`).digest().readUInt32BE() / 2 ** 32;
    return Math.round(((part + random) * within) / count);
  });
}

async function labelled(kind: string): Promise<string[]> {
  const all = kind === "container" ? ["--all"] : [];
  const filter = ["--quiet", "--filter", `label=nemoclaw.stack=${stack}`];
  const { stdout } = await runProgram(["docker", kind, "ls", ...all, ...filter]);
  return stdout.split("\n").filter(Boolean);
}

describe("a quick start that is interrupted goes on from there", { timeout: 600_000 }, () => {
  beforeAll(async () => {
    await start("--destroy").ended;
  });

  afterAll(async () => {
    await start("--destroy").ended;
  });

  test.each(["Choose the engine", "Docker on this computer", "Image of the local machine", "Configuration of stack"])(
    "killed right after: %s",
    async (step) => {
      const run = start();
      expect(await run.printed(new RegExp(`✓ ${step}`))).toBe(true);
      run.kill("SIGKILL", "group");
      expect((await run.ended).signal).toBe("SIGKILL");
    },
  );

  const ways = [
    ["SIGKILL", "group"],
    ["SIGINT", "alone"],
    ["SIGKILL", "alone"],
    ["SIGINT", "group"],
    ["SIGKILL", "group"],
  ] as const;
  const times = seededTimes("quickstart", ways.length, 45);
  test.each(ways.map(([signal, whom], i) => ({ signal, whom, seconds: times[i] ?? 0 })))(
    "$signal to the run ($whom) $seconds s into the apply",
    async ({ signal, whom, seconds }) => {
      const run = start();
      expect(await run.printed(/▸ Apply stack/)).toBe(true);
      const early = await Promise.race([sleep(seconds * 1000), run.ended]);
      // On a fast computer the last of these runs may have nothing left to do.
      if (early) return expect(early.exitCode, early.output).toBe(0);
      run.kill(signal, whom);
      const { exitCode, output } = await run.ended;
      if (signal === "SIGINT") expect(exitCode, output).toBe(130);
    },
  );

  test("killed right after: Apply stack", async () => {
    const run = start();
    expect(await run.printed(/✓ Apply stack/), (await Promise.race([run.ended, sleep(1)]))?.output).toBe(true);
    run.kill("SIGKILL", "group");
    await run.ended;
  });

  test("the next run proves that all of it works, with one machine and one demo", async () => {
    const { exitCode, output } = await start().ended;
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/✓ Proof/);
    expect(await labelled("container")).toHaveLength(2);
  });

  test("--destroy removes everything that all these runs have made", async () => {
    const { exitCode, output } = await start("--destroy").ended;
    expect(exitCode, output).toBe(0);
    for (const kind of ["container", "volume", "network"]) expect(await labelled(kind), kind).toEqual([]);
    expect(existsSync(stackFile(stack))).toBe(false);
  });
});
