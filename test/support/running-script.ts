import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import type { LocalStack } from "./local-stack.ts";
import { watchProgram } from "./watch-program.ts";

/** A script that runs until somebody interrupts it, as one that follows or watches does; at most as long as the block that uses it. */
export function runningScript(stack: LocalStack, script: string, ...args: string[]) {
  const env = { ...process.env, NEMOCLAW_ENGINE: stack.engine.kind, NO_COLOR: "1" };
  const words = [join(cloneFolder, "scripts", script), "-s", stack.name, ...args];
  const run = watchProgram(words, { cwd: cloneFolder, env });
  let seen = 0;
  return {
    /** Waits until it says this, behind what an earlier wait has found already. */
    async until(pattern: RegExp, seconds = 60): Promise<string> {
      for (let left = seconds * 10; left > 0; left -= 1) {
        const found = pattern.exec(run.output().slice(seen));
        if (found) {
          seen += found.index + found[0].length;
          return found[0];
        }
        await sleep(100);
      }
      throw new Error(
        `scripts/${script} did not say ${pattern} within ${seconds} s; it said\n${run.output().slice(seen)}`,
      );
    },
    /** Ctrl-C. @returns its exit code, as a shell tells it: for a signal 128 and the signal's number */
    async interrupt(): Promise<number> {
      run.kill("SIGINT");
      const { exitCode, signal } = await run.ended;
      return exitCode ?? 128 + constants.signals[signal ?? "SIGINT"];
    },
    [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
  };
}
