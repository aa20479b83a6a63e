import type { Step } from "../../step.ts";
import { mustBeOurs, type Whose } from "./box-owner.ts";
import { patience } from "./cli.ts";
import { isAlive } from "./phase.ts";
import { takeDown } from "./power-down.ts";
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
 * @throws HostError of kind `foreign` from its plan for somebody else's
 */
export function ensureStopped(whose: Whose): Step<StoppedBoxFacts> {
  const { sandbox } = whose;
  return {
    name: `the sandbox ${sandbox}, stopped`,
    facts: { box: boxFacts(sandbox, patience), runs: runsFacts(sandbox) },
    plan({ box, runs }) {
      mustBeOurs(box, whose);
      return isDown({ box, runs }) ? [] : [takeDown(whose, { silent: box.kind === "unreachable" })];
    },
    remarks({ box, runs }) {
      if (box.kind !== "unreachable") return [];
      const gone = ["OpenShell's gateway does not answer", ...box.said.trim().split("\n", 1).filter(Boolean)].join(
        ": ",
      );
      const comesBack = "A gateway that comes back may start it again: scripts/status tells, and scripts/stop stops it";
      if (runs === false) return [`${gone}; no container of the sandbox runs, by Docker's word. ${comesBack}`];
      return [`${gone}; Docker stops the sandbox's container. ${comesBack}`];
    },
    unmet: `OpenShell's gateway has brought the sandbox ${sandbox} back, or Docker does not tell that it is down: the agent may run; scripts/stop stops it`,
  };
}

/** OpenShell starts nothing again that it has given up; of any other it is its word that tells whether it is to run. */
function isDown({ box, runs }: StoppedBoxFacts): boolean {
  if (box.kind === "there" && isAlive(box.phase)) return box.phase === "Stopped";
  return box.kind === "absent" ? runs !== true : runs === false;
}
