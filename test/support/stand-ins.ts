import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a script said, with these programs in the place of the real ones. */
export function withStandIns(
  programs: Readonly<Record<string, string>>,
  script: string,
  ...args: string[]
): { stdout: string; exitCode: number } {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-stand-ins-"));
  try {
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const call = ["-eu", "-c", script.replaceAll("{here}", folder), ...args];
    const { stdout, status } = spawnSync("sh", call, { encoding: "utf8", env, cwd: folder });
    return { stdout, exitCode: status ?? -1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
