import { quote } from "../../command.ts";
import type { Owner } from "../../machine.ts";
import type { Question } from "../../question.ts";
import { askAgent, askInLines, json, readAgent, readLines, type Said, text } from "../agent-report.ts";
import type { SandboxReport } from "../operations.ts";
import { describeForeign, isOurs } from "./box-owner.ts";
import { gatewayHangs, openshell, withoutColours } from "./cli.ts";
import { runningContainers } from "./container.ts";
import { parseInference } from "./inference-facts.ts";
import { ofGateway } from "./loaded-policy.ts";
import { paths } from "./paths.ts";

/** How a sandbox is: by its attendant's word about the agent, and by the gateway's about the rest. */
export function report(sandbox: string, owner: Owner): Question<SandboxReport> {
  const gateway = (...words: string[]) => `test -z "$hung" && ${openshell(...words)}`;
  const asked = [
    askAgent(sandbox),
    // With what it says instead of JSON: that there is none, or why nobody knows.
    `${gateway("sandbox", "get", sandbox, "-o", "json")} 2>&1`,
    gateway("policy", "get", sandbox, "--base", "-o", "json"),
    // The file is there under releases that lead nothing themselves.
    `cat ${quote(`${paths.led(sandbox)}/route.json`)} 2>/dev/null || { ${gateway("inference", "get")}; }`,
    'echo "$hung"',
    // The container outlives the gateway.
    `${runningContainers(sandbox)} && echo asked`,
  ];
  return {
    script: `hung=
! ${gatewayHangs(4)} || hung=1
${askInLines(asked)}`,
    parse: ({ stdout }) => {
      const lines = readLines(stdout);
      const [agent, box, policy] = lines.map(json);
      const docker = byDocker(lines[5] ?? "");
      const told = readReport(agent, box, policy, withoutColours(lines[3] ?? ""));
      const silent = lines[4]?.trim() ? "is there and does not answer" : unsaid(box, lines[1] ?? "");
      if (silent !== undefined) return { ...told, sandboxRuns: docker, errors: [`OpenShell's gateway ${silent}`] };
      const found = { ...told, sandboxRuns: runsIn(box?.phase, docker) };
      const labels = (box?.labels ?? {}) as Record<string, string>;
      if (box === undefined || isOurs({ labels }, owner)) return found;
      // What is in force in somebody else's is not in force in ours.
      return { ...found, sandboxRuns: undefined, policy: {}, errors: [describeForeign({ labels }, sandbox)] };
    },
  };
}

/** What a gateway said that did not say how the sandbox is. */
function unsaid(box: Said, said: string): string | undefined {
  if (box !== undefined || /sandbox not found/.test(said)) return undefined;
  const first = withoutColours(said).trim().split("\n")[0];
  return `does not tell how the sandbox is${first ? `: ${first}` : ""}`;
}

/**
 * Whether a sandbox runs in a phase that its gateway tells. In one that is neither of these the container, and with it the agent, may
 * run: while the gateway that brings a sandbox back has not reached it, and where it has given it up.
 */
function runsIn(phase: unknown, docker: boolean | "unknown"): boolean | "unknown" {
  if (phase === "Ready" || phase === "Stopped") return phase === "Ready";
  return phase === undefined ? docker === true : docker;
}

/** Whether a container of the sandbox's runs. Docker may not answer either. */
function byDocker(said: string): boolean | "unknown" {
  const lines = said.trim().split("\n");
  return lines.at(-1) === "asked" ? lines.length > 1 : "unknown";
}

function readReport(agent: Said, box: Said, policy: Said, inference: string): SandboxReport {
  const phase = box?.phase;
  const version = (number: unknown) => (typeof number === "number" ? `version ${number}` : undefined);
  return {
    agent: readAgent(agent),
    model: parseInference({ stdout: inference, exitCode: 0 }).model ?? text(json(inference)?.model),
    // The gateway's newest version, and the one that the sandbox said it has loaded.
    policy: {
      file: version(policy?.version),
      inForce: version(box?.current_policy_version ?? policy?.active_version),
    },
    errors: [
      ...(phase === "Ready" ? [] : [`OpenShell says that the sandbox is ${text(phase) ?? "not known to it"}`]),
      ...(policy?.policy_source === "global" ? [ofGateway] : []),
    ],
  };
}
