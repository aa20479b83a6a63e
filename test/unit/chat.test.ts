import { describe, expect, test } from "vitest";
import { SmallClone } from "../support/small-clone.ts";

describe("a message to the agent", () => {
  test.each([
    ["- an item"],
    ["-5 degrees outside"],
    ["--dashes, and words"],
    ["-5"],
    ["--", "--json"],
    ["a", "- b", "--json"],
    ["--session", "- mine", "hello"],
  ])("may begin with a dash: %s %s", async (...args) => {
    await using clone = new SmallClone();
    const { exitCode, output } = await clone.script("chat", args).ended;
    expect(output).toContain("Stack local has no sandbox here.");
    expect(exitCode).toBe(1);
  });

  test.each([
    ["--sesion", "x", "hello"],
    ["-j", "hello"],
    ["hello", "--sesion=x"],
  ])("is not an option that is mistyped: %s %s", async (...args) => {
    await using clone = new SmallClone();
    const { exitCode, output } = await clone.script("chat", args).ended;
    expect(output).toMatch(/unknown option -.*\n {2}try {3}scripts\/chat -- /);
    expect(exitCode).toBe(64);
  });
});
