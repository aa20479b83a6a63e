import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneFolder, stackFile } from "../../scripts/clone-paths.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { watchProgram } from "../support/watch-program.ts";

/**
 * The quick start, killed and interrupted: at each step's end, at five times that a seed chooses within the longest step, in the proof,
 * which is the last one, and in --destroy. Each run goes on from what the one before left. The model and Telegram are the DEMO's stand-ins.
 */
const stack = `${testStackPrefix}-interrupted`;
const environment = { ...process.env, NEMOCLAW_ENGINE: "embedded", NO_COLOR: "1" };

/** In seconds, over all runs: no figure is asserted, since it is this computer's as much as ours. */
let longestSilence = 0;

/** Starts the quick start as the leader of a process group, as a terminal or a CI system would. */
function start(...args: string[]) {
  let last = performance.now();
  const heard = () => {
    longestSilence = Math.max(longestSilence, (performance.now() - last) / 1000);
    last = performance.now();
  };
  const words = [join(cloneFolder, "scripts", "quickstart"), "-s", stack, ...args];
  return watchProgram(words, { cwd: cloneFolder, env: environment, ownGroup: true, heard });
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

/** Sends a signal to the run and all that it has started, as a terminal does, once it has printed something. */
async function cutAt(said: string, signal: NodeJS.Signals): Promise<void> {
  await using run = start();
  expect(await run.printed(new RegExp(said)), run.output()).toBe(true);
  run.kill(signal, "group");
  const ended = await run.ended;
  // Between two programs nothing is there to wait for, and the signal itself ends the run.
  expect([signal, signal === "SIGINT" ? 130 : undefined], ended.output).toContain(ended.signal ?? ended.exitCode);
}

describe("a quick start that is interrupted goes on from there", { timeout: 600_000 }, () => {
  beforeAll(async () => {
    await start("--destroy").ended;
  });

  afterAll(async () => {
    await start("--destroy").ended;
  });

  const steps = [
    "Look at this computer",
    "Choose the engine",
    "Docker on this computer",
    "Image of the local machine",
    "Configuration of stack",
  ];
  const signals = ["SIGKILL", "SIGINT"] as const;
  test.each(steps.flatMap((step) => signals.map((signal) => ({ step, signal }))))(
    "$signal right after: $step",
    async ({ step, signal }) => cutAt(`✓ ${step}`, signal),
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
      await using run = start();
      expect(await run.printed(/▸ Apply stack/)).toBe(true);
      const early = await Promise.race([sleep(seconds * 1000), run.ended]);
      // On a fast computer the last of these runs may have nothing left to do.
      if (early) return expect(early.exitCode, early.output).toBe(0);
      run.kill(signal, whom);
      const { exitCode, output } = await run.ended;
      if (signal === "SIGINT") expect(exitCode, output).toBe(130);
    },
  );

  test.each(signals)("%s right after: Apply stack", async (signal) => cutAt("✓ Apply stack", signal));

  test.each(signals)("%s in the middle of: Proof", async (signal) => cutAt("through the DEMO model:", signal));

  test("the next run proves that all of it works, with one machine and one demo", async () => {
    const { exitCode, output } = await start().ended;
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/✓ Proof/);
    expect(await labelled("container")).toHaveLength(2);
  });

  test("SIGINT in --destroy", async () => {
    await using run = start("--destroy");
    expect(await run.printed(/ deleted \(/), run.output()).toBe(true);
    run.kill("SIGINT", "group");
    const { exitCode, output } = await run.ended;
    expect(exitCode, output).toBe(130);
    expect(existsSync(stackFile(stack)), "the stack is still known").toBe(true);
  });

  test("--destroy removes everything that all these runs have made", async () => {
    const { exitCode, output } = await start("--destroy").ended;
    expect(exitCode, output).toBe(0);
    for (const kind of ["container", "volume", "network"]) expect(await labelled(kind), kind).toEqual([]);
    expect(existsSync(stackFile(stack))).toBe(false);
    console.log(`the longest silence of all these runs: ${longestSilence.toFixed(1)} s`);
  });
});
