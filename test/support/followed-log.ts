import { expect } from "vitest";
import type { LocalStack } from "./local-stack.ts";
import { runningScript } from "./running-script.ts";

/** `scripts/logs --follow` tells what the gate refuses and what other parts write meanwhile, and ends at Ctrl-C. */
export async function followsLogs(stack: LocalStack, skip: (why: string) => void): Promise<void> {
  await using follower = runningScript(stack, "logs", "--follow", "--lines", "0");
  // Nothing tells that it has begun to follow, so something new is refused until it is told.
  const refuse = setInterval(() => stack.script("shell", "--", "curl", "-s", "http://followed.example/"), 3000);
  try {
    const said = await follower.until(
      /gate {4}DENIED {2}.*\bGET (http:\/\/)?followed\.example\b|Insufficient watch descriptors/,
    );
    if (said.startsWith("Insufficient"))
      skip("this computer has no inotify instance left, so journalctl cannot follow");
    await follower.until(/^\S+Z {2}(agent|gateway) /m);
  } finally {
    clearInterval(refuse);
  }
  expect(await follower.interrupt()).toBe(130);
}
