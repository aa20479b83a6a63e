import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readLock } from "../../lock.ts";
import { ensureNpmInstall } from "../../steps/npm-install.ts";
import type { Mirrors } from "../runtime.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));

/** The agent itself, from its committed lock file; installed once for all sandboxes that use this version. */
export function installAgent({ version, mirrors = {} }: { version: string; mirrors?: Mirrors }) {
  const { manifest, lock } = agentPackage();
  // OpenClaw does at its first start what its install script would have done, and the sandbox cannot write here.
  const settle = ["node_modules/openclaw/openclaw.mjs", "--version"];
  return ensureNpmInstall({ name: "agent", version, manifest, lock, registry: mirrors.npm, settle });
}

/** The committed package of the agent, which the lock file names, and the one version that it pins. */
export function agentPackage(): { manifest: string; lock: string; version: string; lockfile: string } {
  const lockfile = readLock().npm.agent?.lockfile ?? "services/agent/package-lock.json";
  const folder = dirname(resolve(project, lockfile));
  const [manifest, lock] = ["package.json", "package-lock.json"].map((file) =>
    readFileSync(join(folder, file), "utf8"),
  ) as [string, string];
  const version = (JSON.parse(manifest) as { dependencies: { openclaw: string } }).dependencies.openclaw;
  return { manifest, lock, version, lockfile };
}
