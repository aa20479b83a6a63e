import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startVitest } from "vitest/node";
import { Reporter } from "../support/reporter.ts";

describe("the tally of a run", () => {
  test("tells every skip's reason, and counts one without a reason as a failure", async () => {
    const lines: string[] = [];
    const exitCode = process.exitCode;
    const vitest = await startVitest("test", [], {
      ...{ root: join(import.meta.dirname, "../fixtures/reporter"), config: false, watch: false, cache: false },
      reporters: [new Reporter((line) => lines.push(line))],
    });
    await vitest.close();
    process.exitCode = exitCode;
    const said = lines.join("\n");
    expect(said).toContain("sample.test.ts > says why: nothing to look at here");
    expect(said).toMatch(/FAILED .*sample\.test\.ts > says nothing: skipped without a reason/);
    expect(said).toMatch(/no foundation > stands on it: what it needs could not be set up/);
    expect(lines.at(-1)).toBe("\n1 passed, 2 failed, 2 skipped");
  });
});
