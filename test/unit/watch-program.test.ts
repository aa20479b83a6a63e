import { expect, test } from "vitest";
import { identify } from "../../engine/process-identity.ts";
import { watchProgram } from "../support/watch-program.ts";

test("a watched program tells what it prints as it prints it, and how it ended", async () => {
  await using run = watchProgram(["sh", "-c", "echo up >&2; sleep 60 & wait; exit 3"], { ownGroup: true });
  expect(await run.printed(/up/)).toBe(true);
  run.kill("SIGTERM", "group");
  expect(await run.printed(/down/)).toBe(false);
  expect(await run.ended).toEqual({ exitCode: null, signal: "SIGTERM", output: "up\n" });
});

test("a watched program ends with the block that uses it, however that ends", async () => {
  let pid = 0;
  const failing = async () => {
    await using run = watchProgram(["sh", "-c", "echo up; exec sleep 60"]);
    pid = run.pid;
    await run.printed(/up/);
    expect(identify(pid)).toBeDefined();
    throw new Error("it did not say that");
  };
  await expect(failing()).rejects.toThrow("it did not say that");
  expect(identify(pid)).toBeUndefined();
});
