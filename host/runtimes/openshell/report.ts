import { quote } from "../../command.ts";
import type { Owner } from "../../machine.ts";
import type { Question } from "../../question.ts";
import { askAgent, askInLines, json, readAgent, readLines, type Said, text } from "../agent-report.ts";
import type { SandboxReport } from "../operations.ts";
import { describeForeign, isOurs } from "./box-owner.ts";
import { gatewayHangs, openshell, withoutColours } from "./cli.ts";
import { parseInference } from "./inference-facts.ts";
import { ofGateway } from "./loaded-policy.ts";
import { paths } from "./paths.ts";

/** How a sandbox is: by its attendant's word about the agent, and by the gateway's about the rest. */
export function report(sandbox: string, owner: Owner): Question<SandboxReport> {
  const gateway = (...words: string[]) => `test -z "$hung" && ${openshell(...words)}`;
  const asked = [
    askAgent(sandbox),
    gateway("sandbox", "get", sandbox, "-o", "json"),
    gateway("policy", "get", sandbox, "--base", "-o", "json"),
    // The file is there under releases that lead nothing themselves.
    `cat ${quote(`${paths.led(sandbox)}/route.json`)} 2>/dev/null || { ${gateway("inference", "get")}; }`,
    'echo "$hung"',
  ];
  return {
    script: `hung=
! ${gatewayHangs} || hung=1
${askInLines(asked)}`,
    parse: ({ stdout }) => {
      const lines = readLines(stdout);
      const [agent, box, policy] = lines.map(json);
      const found = readReport(agent, box, policy, withoutColours(lines[3] ?? ""));
      if (lines[4]?.trim()) return { ...found, errors: ["OpenShell's gateway is there and does not answer"] };
      const labels = (box?.labels ?? {}) as Record<string, string>;
      if (box === undefined || isOurs({ labels }, owner)) return found;
      // What is in force in somebody else's is not in force in ours.
      return { ...found, sandboxRuns: undefined, policy: {}, errors: [describeForeign({ labels }, sandbox)] };
    },
  };
}

function readReport(agent: Said, box: Said, policy: Said, inference: string): SandboxReport {
  const phase = box?.phase;
  const version = (number: unknown) => (typeof number === "number" ? `version ${number}` : undefined);
  return {
    agent: readAgent(agent),
    sandboxRuns: phase === "Ready",
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
