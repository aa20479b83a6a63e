import { quote } from "../command.ts";
import { paths } from "./embedded/paths.ts";
import type { SandboxReport } from "./operations.ts";

/** What somebody said as JSON; undefined when it was none. */
export type Said = Record<string, unknown> | undefined;

/** Asks what serves an agent's turns how the agent is; both runtimes have the same socket for it. */
export function askAgent(sandbox: string): string {
  return `timeout 15 ${paths.node} /opt/nemoclaw/supervisor/current/status.mjs --sandbox ${quote(sandbox)}`;
}

/** Reads the answer to {@link askAgent}; undefined when nobody gave one. */
export function readAgent(agent: Said): SandboxReport["agent"] {
  if (agent === undefined || "error" in agent) return undefined;
  return {
    ready: agent.ready === true,
    version: text(agent.agentVersion),
    pid: typeof agent.agentPid === "number" ? agent.agentPid : undefined,
    startedAt: text(agent.startedAt),
    lastModel: text(agent.lastModel),
    lastModelAt: text(agent.lastModelAt),
  };
}

/** Shell that prints what each command says on a line of its own, whatever is in it. */
export function askInLines(commands: readonly string[]): string {
  return commands.map((command) => `printf '%s\\n' "$({ ${command}; } 2>/dev/null | base64 -w0)"`).join("\n");
}

/** Reads what {@link askInLines} printed. */
export function readLines(stdout: string): string[] {
  return stdout.split("\n").map((line) => Buffer.from(line, "base64").toString());
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function json(said: string | undefined): Said {
  try {
    const value: unknown = JSON.parse(said ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
