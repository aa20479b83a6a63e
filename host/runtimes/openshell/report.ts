import { quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import { paths as shared } from "../embedded/paths.ts";
import type { SandboxReport } from "../operations.ts";
import { openshell, withoutColours } from "./cli.ts";
import { pinnedDialect } from "./dialect.ts";
import { parseInference } from "./inference-facts.ts";
import { paths } from "./paths.ts";

/** How a sandbox is: by its attendant's word about the agent, and by the gateway's about the rest. */
export function report(sandbox: string): Question<SandboxReport> {
  const status = `timeout 15 ${shared.node} /opt/nemoclaw/supervisor/current/status.mjs --sandbox ${quote(sandbox)}`;
  const asked = [
    status,
    openshell("sandbox", "get", sandbox, "-o", "json"),
    openshell("policy", "get", sandbox, "--base", "-o", "json"),
    pinnedDialect().managedInference
      ? openshell("inference", "get")
      : `cat ${quote(`${paths.led(sandbox)}/route.json`)}`,
  ];
  return {
    // Each on a line of its own, whatever is in it.
    script: asked.map((command) => `printf '%s\\n' "$({ ${command}; } 2>/dev/null | base64 -w0)"`).join("\n"),
    parse: ({ stdout }) => {
      const lines = stdout.split("\n").map((line) => Buffer.from(line, "base64").toString());
      const [agent, box, policy] = lines.map(json);
      return readReport(agent, box, policy, withoutColours(lines[3] ?? ""));
    },
  };
}

type Said = Record<string, unknown>;

function readReport(agent: Said = {}, box: Said = {}, policy: Said = {}, inference: string): SandboxReport {
  const { phase } = box;
  const answers = "ready" in agent;
  const version = (number: unknown) => (typeof number === "number" ? `version ${number}` : undefined);
  return {
    agent: answers
      ? {
          ready: agent.ready === true,
          version: text(agent.agentVersion),
          pid: typeof agent.agentPid === "number" ? agent.agentPid : undefined,
          startedAt: text(agent.startedAt),
          lastModel: text(agent.lastModel),
        }
      : undefined,
    model: parseInference({ stdout: inference, exitCode: 0 }).model ?? text(json(inference)?.model),
    policy: { file: version(policy.version), inForce: version(policy.active_version) },
    errors: phase === "Ready" ? [] : [`OpenShell says that the sandbox is ${text(phase) ?? "not known to it"}`],
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function json(said: string): Said | undefined {
  try {
    const value: unknown = JSON.parse(said);
    return typeof value === "object" && value !== null ? (value as Said) : undefined;
  } catch {
    return undefined;
  }
}
