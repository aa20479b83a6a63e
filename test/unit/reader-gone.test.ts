import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { cloneFolder } from "../../scripts/clone-paths.ts";

test.each(["status", "lock", "quickstart", "test"])(
  "scripts/%s ends well when nobody reads what it prints",
  async (name) => {
    const child = spawn(process.execPath, [join(cloneFolder, "scripts", `${name}.ts`), "--help"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    const [said, [exitCode]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect([exitCode, said]).toEqual([0, ""]);
  },
);
