import { journalNamespace } from "../../../services/sandbox-supervisor/units.ts";
import type { Command } from "../../command.ts";
import type { Step } from "../../step.ts";
import { askAgent } from "../agent-report.ts";
import { unitName } from "../embedded/paths.ts";

export interface AnsweringFacts {
  /** By the attendant's own word: it stays up while the agent is away. */
  readonly ready: boolean;
}

/** The agent answers through its attendant, which does not end when a sandbox does: a new one takes its time to be ready. */
export function ensureAnswering(sandbox: string, wanted: boolean): Step<AnsweringFacts> {
  return {
    name: `the agent of ${sandbox} answers`,
    facts: {
      ready: {
        script: askAgent(sandbox),
        parse: ({ stdout, exitCode }) => exitCode === 0 && /"ready":\s*true/.test(stdout),
      },
    },
    plan: ({ ready }) => (ready || !wanted ? [] : [wait(sandbox)]),
  };
}

function wait(sandbox: string): Command {
  return {
    title: `wait until the agent of ${sandbox} answers`,
    script: `n=0
until ${askAgent(sandbox)} 2>/dev/null | grep -q '"ready": *true'; do
  n=$((n + 1))
  if test "$n" -ge 300; then
    journalctl --no-pager --namespace=${journalNamespace(sandbox)} -o cat -n 15 -u ${unitName("sandbox", sandbox)}
    exit 1
  fi
  sleep 1
done`,
    shown: "scripts/status",
    timeoutSeconds: 400,
    try: "see what the agent says: scripts/logs agent. It needs at least 2 GB of memory",
  };
}
