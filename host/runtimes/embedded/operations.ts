import { quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import { startUnits, stopUnits } from "../../steps/unit-power.ts";
import type { Operations, SandboxReport } from "../operations.ts";
import { paths, unitName } from "./paths.ts";

const supervisor = "/opt/nemoclaw/supervisor/current";
const inOrder = (sandbox: string) => (["gate", "route", "sandbox"] as const).map((part) => unitName(part, sandbox));

/** What people do with a sandbox of the embedded runtime. */
export const operations: Operations = {
  units: (sandbox) => ({
    agent: unitName("sandbox", sandbox),
    gate: unitName("gate", sandbox),
    route: unitName("route", sandbox),
  }),
  power: (sandbox) => ({
    down: [stopUnits(inOrder(sandbox).reverse())],
    up: [startUnits(inOrder(sandbox), "see what it says: scripts/logs")],
  }),
  attach: (sandbox, argv, terminal) => [
    paths.node,
    `${supervisor}/session.mjs`,
    ...["--sandbox", sandbox],
    ...(terminal ? ["--terminal"] : []),
    "--",
    ...argv,
  ],
  // The supervisor, the agent and all it started are one control group.
  freeze(sandbox) {
    const unit = quote(unitName("sandbox", sandbox));
    return {
      // Twice, since what forks between two signals gets neither; systemd freezes only where control groups are of version 2.
      hold: `if systemctl -q is-active -- ${unit}; then
  systemctl freeze -- ${unit} 2>/dev/null || { systemctl kill -s STOP -- ${unit}; systemctl kill -s STOP -- ${unit}; }
fi`,
      release: `systemctl thaw -- ${unit} 2>/dev/null || :
systemctl kill -s CONT -- ${unit} 2>/dev/null || :`,
    };
  },
  report: (sandbox) => reportFacts(sandbox),
};

function reportFacts(sandbox: string): Question<SandboxReport> {
  const status = `timeout 15 ${paths.node} ${supervisor}/status.mjs --sandbox ${quote(sandbox)}`;
  const policy = `sha256sum -- ${quote(paths.config(sandbox, "policy"))}`;
  const file = (part: "gate" | "route") => `cat -- ${quote(paths.status(sandbox, part))}`;
  return {
    // Each on a line of its own, whatever is in it.
    script: [status, policy, file("gate"), file("route")]
      .map((command) => `printf '%s\\n' "$({ ${command}; } 2>/dev/null | base64 -w0)"`)
      .join("\n"),
    parse: ({ stdout }) => {
      const [agent, sum, gate, route] = stdout.split("\n").map((line) => Buffer.from(line, "base64").toString());
      return readReport(json(agent), sum ?? "", json(gate), json(route));
    },
  };
}

type Said = Record<string, unknown> | undefined;

function readReport(agent: Said, sum: string, gate: Said, route: Said): SandboxReport {
  const answers = agent !== undefined && !("error" in agent);
  const errors = [
    ...(typeof gate?.error === "string" ? [`the gate refused a policy: ${gate.error}`] : []),
    ...(typeof route?.error === "string" ? [`the route refused a configuration: ${route.error}`] : []),
  ];
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
    model: text(route?.model),
    policy: { file: sum.split(" ")[0] || undefined, inForce: text(gate?.policySha256) },
    errors,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function json(said: string | undefined): Said {
  try {
    const value: unknown = JSON.parse(said ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
