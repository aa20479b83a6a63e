import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startVitest } from "vitest/node";
import { Reporter } from "../support/reporter.ts";

/** The lines that a run of the fixture prints, as a project of this name. */
async function linesOf(name?: string): Promise<string[]> {
  const lines: string[] = [];
  const exitCode = process.exitCode;
  const vitest = await startVitest("test", [], {
    ...{ root: join(import.meta.dirname, "../fixtures/reporter"), config: false, watch: false, cache: false, name },
    reporters: [new Reporter((line) => lines.push(line))],
  });
  await vitest.close();
  process.exitCode = exitCode;
  return lines;
}

describe("the tally of a run", () => {
  test("tells every skip's reason, and counts one without a reason as a failure", async () => {
    const lines = await linesOf();
    const said = lines.join("\n");
    expect(said).toContain("sample.test.ts > says why: nothing to look at here");
    expect(said).toMatch(/FAILED .*sample\.test\.ts > says nothing: skipped without a reason/);
    expect(said).toMatch(/no foundation > stands on it: what it needs could not be set up/);
    expect(lines.at(-1)).toBe("\n1 passed, 2 failed, 2 skipped");
  });
});

test("what an end-to-end test prints is printed under its name, and what a unit test prints is not", async () => {
  const said = ["  says     sample: passes: which took 2 s", "  says     sample: passes: of 3"];
  expect(await linesOf("e2e")).toEqual(expect.arrayContaining(said));
  expect((await linesOf("unit")).join("\n")).not.toContain("which took");
});
