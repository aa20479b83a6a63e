import { setTimeout as sleep } from "node:timers/promises";
import { readSandboxStatus, type SandboxStatus } from "./sandbox-status.ts";
import { connect, findStanding, runScript, stackCommand } from "./stack-command.ts";

const program = stackCommand(
  "status",
  "What runs on a stack's machine, with which model and policy. Exit code 1: a fault.",
)
  .option("--watch", "again every five seconds, until Ctrl-C")
  .option("--json", "print it as JSON; with --watch one object a line");

await runScript(async () => {
  program.parse();
  const { stack, watch, json } = program.opts<{ stack: string; watch?: boolean; json?: boolean }>();
  const standing = await findStanding(stack);
  const host = await connect(standing);
  for (;;) {
    const status = await readSandboxStatus(host, standing);
    if (json) console.log(JSON.stringify({ stack, ...status }, null, watch ? 0 : 2));
    else console.log(describe(stack, status));
    if (!watch) return status.faults.length > 0 ? 1 : 0;
    await sleep(5000);
  }
});

function describe(stack: string, status: SandboxStatus): string {
  const { machine, units, agent, model, policy, bridge, demo, faults } = status;
  const rows: [string, string][] = [
    ["stack", `${stack}${demo ? "   DEMO: the model echoes and Telegram is a stand-in" : ""}`],
    ["machine", `${machine.address}:${machine.port}   ${machine.id.slice(0, 24)}`],
    ...units.map(({ unit, state, since }): [string, string] => [
      unit.replace(/^nemoclaw-|\.service$/g, ""),
      `${state}   since ${since}`,
    ]),
    ["agent", describeAgent(agent)],
    ["model", describeModel(model)],
    ["policy", describePolicy(policy)],
  ];
  if (bridge) {
    const { bot, lastPollAt, queue, answered } = bridge;
    rows.push([
      "telegram",
      `bot ${bot ?? "?"}, last poll ${lastPollAt ?? "never"}, ${queue ?? 0} waiting, ${answered ?? 0} answered`,
    ]);
  }
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}${text}`),
    faults.length === 0 ? "all well" : faults.map((fault) => `FAULT  ${fault}`).join("\n"),
  ].join("\n");
}

function describeAgent(agent: SandboxStatus["agent"]): string {
  if (!agent) return "the supervisor does not answer";
  if (agent.ready === false) return "not ready";
  return `OpenClaw ${agent.agentVersion ?? "(version unknown)"}, process ${agent.agentPid ?? "unknown"}`;
}

function describeModel({ configured, inForce }: SandboxStatus["model"]): string {
  if (!inForce) return `no route yet; configured ${configured ?? "none"}`;
  return inForce === configured ? inForce : `${inForce}, though ${configured} is configured`;
}

function describePolicy({ file, inForce }: SandboxStatus["policy"]): string {
  if (!file) return "no policy on the machine yet";
  return inForce === file ? `${file.slice(0, 12)}, in force` : `${file.slice(0, 12)}, NOT in force`;
}
