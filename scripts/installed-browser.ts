import { delimiter, join } from "node:path";
import { isExecutable } from "./executable.ts";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** A Chromium of this computer: NEMOCLAW_CHROMIUM, or the first on PATH; `undefined` where there is none. */
export function installedBrowser(): string | undefined {
  if (process.env.NEMOCLAW_CHROMIUM) return process.env.NEMOCLAW_CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}
