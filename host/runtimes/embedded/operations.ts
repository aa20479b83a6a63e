import { quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import { ensureStoppedUnits, startUnits } from "../../steps/unit-power.ts";
import { askAgent, askInLines, json, readAgent, readLines, type Said, text } from "../agent-report.ts";
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
    down: ensureStoppedUnits(inOrder(sandbox).reverse()),
    up: { facts: {}, plan: () => [startUnits(inOrder(sandbox), "see what it says: scripts/logs")] },
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
  const policy = `sha256sum -- ${quote(paths.config(sandbox, "policy"))}`;
  const file = (part: "gate" | "route") => `cat -- ${quote(paths.status(sandbox, part))}`;
  return {
    script: askInLines([askAgent(sandbox), policy, file("gate"), file("route")]),
    parse: ({ stdout }) => {
      const [agent, sum, gate, route] = readLines(stdout);
      return readReport(json(agent), sum ?? "", json(gate), json(route));
    },
  };
}

function readReport(agent: Said, sum: string, gate: Said, route: Said): SandboxReport {
  const errors = [
    ...(typeof gate?.error === "string" ? [`the gate refused a policy: ${gate.error}`] : []),
    ...(typeof route?.error === "string" ? [`the route refused a configuration: ${route.error}`] : []),
  ];
  return {
    agent: readAgent(agent),
    model: text(route?.model),
    policy: { file: sum.split(" ")[0] || undefined, inForce: text(gate?.policySha256) },
    errors,
  };
}
