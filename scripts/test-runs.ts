import { join } from "node:path";
import { cloneFolder } from "./clone-paths.ts";
import { runProgram } from "./run-program.ts";

/** How a run of Vitest ended, and how many of its tests passed, failed and were skipped. */
export interface TestRun {
  readonly exitCode: number;
  readonly counts: readonly [passed: number, failed: number, skipped: number];
}

/** In the place of one that never came to be, which must not pass for an empty one. */
export const notRun: TestRun = { exitCode: 1, counts: [0, 1, 0] };

const tally = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

/** Runs Vitest and prints what it prints, but for its tally, which is kept. */
export async function runTests(words: readonly string[], testName?: string): Promise<TestRun> {
  let { counts } = notRun;
  const { exitCode } = await runProgram(
    [
      ...[process.execPath, join(cloneFolder, "node_modules", "vitest", "vitest.mjs"), "run", ...words],
      ...(testName ? ["--testNamePattern", testName] : []),
    ],
    {
      cwd: cloneFolder,
      env: { ...process.env, NO_COLOR: "1" },
      onLine: (line) => {
        const [all, passed, failed, skipped] = tally.exec(line) ?? [];
        if (all === undefined) console.log(line);
        else counts = [Number(passed), Number(failed), Number(skipped)];
      },
    },
  );
  return { exitCode, counts };
}

/** All runs in one line, which is the last. */
export function tallyOf(runs: readonly TestRun[]): string {
  const [passed, failed, skipped] = [0, 1, 2].map((at) => runs.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0));
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** 0 only where each ended so. */
export function exitCodeOf(runs: readonly TestRun[]): number {
  return Math.max(...runs.map(({ exitCode }) => exitCode));
}
