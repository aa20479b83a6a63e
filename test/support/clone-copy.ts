import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cloneFolder, projectFiles } from "./source-files.ts";

/** This clone's files once more, to be changed by a test: as they stand here, tracked or new, with the same npm packages. */
export async function copyClone(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const pack = ["-C", cloneFolder, "--null", "--files-from=-", "--create"];
  const packed = execFileSync("tar", pack, { input: projectFiles().join("\0"), maxBuffer: 256 << 20 });
  execFileSync("tar", ["-C", to, "--extract"], { input: packed });
  // Not a symbolic link: bundles name the files they are made from, and would be others.
  const packages = ["-T", join(cloneFolder, "node_modules"), join(to, "node_modules")];
  try {
    execFileSync("cp", ["-a", "--link", ...packages], { stdio: "pipe" });
  } catch {
    // On another file system there are no hard links, and the attempt leaves folders behind.
    execFileSync("cp", ["-a", ...packages]);
  }
}
