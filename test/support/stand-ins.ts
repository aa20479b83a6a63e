import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Puts a program of these lines of shell into a folder, which is made where it is missing. @returns its path */
export function putProgram(folder: string, name: string, script: string): string {
  const file = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** What a script said, with these programs in the place of the real ones. */
export function withStandIns(
  programs: Readonly<Record<string, string>>,
  script: string,
  ...args: string[]
): { stdout: string; exitCode: number } {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-stand-ins-"));
  try {
    for (const [name, text] of Object.entries(programs)) putProgram(folder, name, text);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const call = ["-eu", "-c", script.replaceAll("{here}", folder), ...args];
    const { stdout, status } = spawnSync("sh", call, { encoding: "utf8", env, cwd: folder });
    return { stdout, exitCode: status ?? -1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
