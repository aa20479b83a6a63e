import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

describe("a message to the agent", { timeout: 120_000 }, () => {
  let clone: SmallClone;
  beforeAll(() => {
    clone = new SmallClone();
  });
  afterAll(() => clone[Symbol.asyncDispose]());

  test.each([
    ["- an item", "-5"],
    ["--dashes, and words", "--json"],
    ["--", "--json"],
    ["--session", "- mine", "hello"],
  ])("may begin with a dash: %s %s", async (...args) => {
    const { exitCode, output } = await clone.script("chat", args).ended;
    expect(output).toContain("Stack local has no sandbox here.");
    expect(exitCode).toBe(1);
  });

  test.each([
    ["--sesion", "x", "hello"],
    ["hello", "-j"],
  ])("is not an option that is mistyped: %s %s", async (...args) => {
    const { exitCode, output } = await clone.script("chat", args).ended;
    expect(output).toMatch(/unknown option -.*\n {2}try {3}scripts\/chat -- /);
    expect(exitCode).toBe(64);
  });
});
