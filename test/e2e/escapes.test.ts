import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { escapes } from "../support/escapes.ts";

// A container with a sandbox "main" that runs; whoever makes one names it here.
const container = process.env.NEMOCLAW_TEST_CONTAINER;

if (container === undefined) console.warn("skipped: escapes, because NEMOCLAW_TEST_CONTAINER names no machine");

describe.skipIf(container === undefined)("nothing inside the sandbox", () => {
  test.each(escapes)("$name", { timeout: 60_000 }, async ({ argv, expect: refusal, before, after }) => {
    if (before) await onMachine(before);
    try {
      expect(await inside(argv)).toMatch(refusal);
    } finally {
      if (after) await onMachine(after);
    }
  });
});

function inside(argv: readonly string[]): Promise<string> {
  const client = ["/opt/nemoclaw/node/current/bin/node", "/opt/nemoclaw/supervisor/current/inside.mjs"];
  return onMachine([...client, "--sandbox", "main", "--timeout", "40", "--", ...argv]);
}

function onMachine(argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("docker", ["exec", String(container), ...argv], (error, stdout, stderr) => {
      // 125 to 127: the command itself could not be run, so nothing was tried.
      if (error && [125, 126, 127].includes(Number(error.code)))
        reject(new Error(`${argv[0]}: ${stderr || error.message}`));
      else resolve(stdout + stderr);
    });
  });
}
