import { readFileSync } from "node:fs";
import { ensureNpmInstall } from "../../steps/npm-install.ts";
import type { Mirrors } from "../runtime.ts";

/** The agent itself, from its committed lock file; installed once for all sandboxes that use this version. */
export function installAgent({ version, mirrors = {} }: { version: string; mirrors?: Mirrors }) {
  const { manifest, lock } = agentPackage();
  // OpenClaw does at its first start what its install script would have done, and the sandbox cannot write here.
  const settle = ["node_modules/openclaw/openclaw.mjs", "--version"];
  return ensureNpmInstall({ name: "agent", version, manifest, lock, registry: mirrors.npm, settle });
}

/** The committed package of the agent, and the one version that its lock file pins. */
export function agentPackage(): { manifest: string; lock: string; version: string } {
  const read = (file: string) => readFileSync(new URL(`../../../services/agent/${file}`, import.meta.url), "utf8");
  const [manifest, lock] = [read("package.json"), read("package-lock.json")];
  const version = (JSON.parse(manifest) as { dependencies: { openclaw: string } }).dependencies.openclaw;
  return { manifest, lock, version };
}
