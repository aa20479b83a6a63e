import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";
import { stop, stopContainer } from "./box-commands.ts";
import { mustBeOurs, type Whose } from "./box-owner.ts";
import { shown } from "./cli.ts";
import { isAlive } from "./phase.ts";
import { type BoxFacts, boxFacts, runsFacts } from "./sandbox-facts.ts";

export interface StoppedBoxFacts {
  readonly box: BoxFacts;
  /** By Docker's word; undefined where it does not answer either. */
  readonly runs: boolean | undefined;
}

/**
 * A sandbox that does not run. Who takes it down cannot wait for a gateway that does not answer, and the container, whose main
 * process is the agent, outlives it: then Docker stops it, as also where OpenShell has given the sandbox up.
 *
 * @throws HostError of kind `foreign` from its plan for somebody else's, and one where neither OpenShell nor Docker answers
 */
export function ensureStopped({ sandbox, owner }: Whose): Step<StoppedBoxFacts> {
  return {
    name: `the sandbox ${sandbox} is down`,
    facts: { box: boxFacts(sandbox, { seconds: 15 }), runs: runsFacts(sandbox) },
    plan({ box, runs }) {
      mustBeOurs(box, { sandbox, owner });
      if (box.kind === "there" && isAlive(box.phase)) return box.phase === "Stopped" ? [] : [stop(sandbox)];
      if (box.kind === "unreachable" && runs === undefined) throw nobodyAnswers(sandbox, box.said);
      return runs ? [stopContainer(sandbox)] : [];
    },
    remarks({ box, runs }) {
      if (box.kind !== "unreachable" || runs === undefined) return [];
      const gone = ["OpenShell's gateway does not answer", ...box.said.trim().split("\n", 1).filter(Boolean)].join(
        ": ",
      );
      if (!runs) return [`${gone}; no container of the sandbox runs, by Docker's word`];
      return [
        `${gone}; Docker stops the sandbox's container. A gateway that comes back may start it again: scripts/status tells, and scripts/stop stops it`,
      ];
    },
  };
}

function nobodyAnswers(sandbox: string, said: string): HostError {
  return new HostError("not-converged", {
    summary: `neither OpenShell's gateway nor Docker answers, so the agent in the sandbox ${sandbox} may still run`,
    ran: `${shown("sandbox", "get", sandbox)}; docker ps`,
    said,
    try: "on the machine: systemctl status docker; switch the machine off if the agent must not run",
  });
}
