import { readFile } from "node:fs/promises";
import type { FilesystemPolicy } from "./filesystem.ts";

/** What the deployment says about a sandbox, from its `sandbox.json`; it does not change while the sandbox runs. */
export interface Settings {
  readonly filesystem: FilesystemPolicy;
  readonly agentVersion: string;
  readonly gatePort: number;
  readonly statusPort: number;
}

/** @throws with the file and the property that is wrong */
export async function readSettings(path: string): Promise<Settings> {
  const text = await readFile(path, "utf8");
  try {
    return parseSettings(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Checks a `sandbox.json`: `{policy: {filesystem_policy, process, landlock}, agent: {version}, ports: {gate, status}}`.
 *
 * @throws with the property that is wrong
 */
export function parseSettings(value: unknown): Settings {
  const root = object(value, "the file");
  const policy = object(root.policy ?? {}, "policy");
  const filesystem = object(policy.filesystem_policy ?? {}, "policy.filesystem_policy");
  const { include_workdir = false } = filesystem;
  if (typeof include_workdir !== "boolean") {
    throw new Error("policy.filesystem_policy.include_workdir must be true or false");
  }
  const ports = object(root.ports, "ports");
  return {
    filesystem: {
      include_workdir,
      read_only: folders(filesystem.read_only ?? [], "policy.filesystem_policy.read_only"),
      read_write: folders(filesystem.read_write ?? [], "policy.filesystem_policy.read_write"),
    },
    agentVersion: version(object(root.agent, "agent").version),
    gatePort: port(ports.gate, "ports.gate"),
    statusPort: port(ports.status, "ports.status"),
  };
}

function object(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${at} must be an object`);
}

function folders(value: unknown, at: string): string[] {
  if (!Array.isArray(value)) throw new Error(`${at} must be a list of paths`);
  return value.map((path: unknown, index) => {
    if (typeof path === "string" && path.startsWith("/") && !/(^|\/)\.\.(\/|$)|\p{Cc}/u.test(path)) return path;
    throw new Error(`${at}[${index}] must be an absolute path without ".."`);
  });
}

// It names a folder, so it must not lead out of one.
function version(value: unknown): string {
  if (typeof value === "string" && /^\d[0-9A-Za-z.-]*$/.test(value)) return value;
  throw new Error("agent.version must be an exact version, such as 2026.9.6");
}

function port(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65536) return value;
  throw new Error(`${at} must be a port from 1 to 65535`);
}
