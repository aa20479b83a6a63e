import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cloneFolder } from "../../scripts/clone-paths.ts";
import type { LocalStack } from "./local-stack.ts";

/** A script that runs until somebody interrupts it, as one that follows or watches does. */
export function runningScript(stack: LocalStack, script: string, ...args: string[]) {
  const env = { ...process.env, NEMOCLAW_ENGINE: stack.engine.kind, NO_COLOR: "1" };
  const words = ["-s", stack.name, ...args];
  const child = spawn(join(cloneFolder, "scripts", script), words, { cwd: cloneFolder, env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  // As a shell tells it: 128 and the signal's number.
  const ended = new Promise<number>((done) =>
    child.on("close", (code) => done(code ?? 128 + constants.signals.SIGINT)),
  );
  return {
    /** Waits until it says this, behind what an earlier wait has found already. */
    async until(pattern: RegExp, seconds = 60): Promise<string> {
      for (let left = seconds * 10; left > 0; left -= 1) {
        const found = pattern.exec(said);
        if (found) {
          said = said.slice(found.index + found[0].length);
          return found[0];
        }
        await sleep(100);
      }
      throw new Error(`scripts/${script} did not say ${pattern} within ${seconds} s; it said\n${said}`);
    },
    /** Ctrl-C. @returns its exit code */
    interrupt(): Promise<number> {
      child.kill("SIGINT");
      return ended;
    },
  };
}
