import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** A Chromium of this computer: NEMOCLAW_CHROMIUM, or the first on PATH; `undefined` where there is none. */
export function installedBrowser(): string | undefined {
  if (process.env.NEMOCLAW_CHROMIUM) return process.env.NEMOCLAW_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(canRun);
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
