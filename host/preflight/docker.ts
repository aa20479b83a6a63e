import type { DockerFound } from "../steps/docker-found.ts";
import { dockerConflicts, nameOfDocker, whoseDocker } from "../steps/docker-whose.ts";
import type { PreflightWants, Say } from "./verdict.ts";

/** A Docker that can be used as it is, ours, or room for one; nothing of somebody else's would be changed. */
export function judgeDocker(
  docker: DockerFound,
  { docker: source = "distribution" }: PreflightWants,
  { lacks, note }: Say,
): void {
  const conflicts = dockerConflicts(docker, source);
  for (const { what, found, try: hint } of conflicts) lacks(what, found, hint);
  if (conflicts.length === 0 && whoseDocker(docker) === "theirs") {
    note(`${describeDocker(docker)}; its settings and its restarts are its owner's`);
  }
}

/** What there is of Docker, and what becomes of it. */
export function describeDocker(docker: DockerFound): string {
  const whose = whoseDocker(docker);
  if (whose === "none") return "none yet";
  if (whose === "ours") return `${nameOfDocker(docker)}, installed by a stack`;
  const { containers, swarm } = docker.daemon;
  const busy = containers === 0 ? "" : `, with ${containers} running container${containers === 1 ? "" : "s"}`;
  return `${nameOfDocker(docker)} was here before${busy}${swarm ? ", in a swarm" : ""}, and is used as it is`;
}
