import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";

export interface DockerVersionFacts {
  /** What a running daemon answers with; empty when none answers. */
  readonly version: string;
  /** Where there is no Docker: what the distribution's package would bring; empty when its lists do not know. */
  readonly offered: string;
}

export interface DockerTaken {
  /** Whether an older one is taken knowingly. */
  readonly accepted: boolean;
  /** Whether a machine without Docker gets the distribution's. @default false, as by then it has one */
  readonly offered?: boolean;
}

/**
 * Docker as new as a release asks for. It changes nothing; an older one is refused, unless it is taken knowingly.
 *
 * @throws HostError of kind `not-converged` from its plan, with the version found
 */
export function requireDocker(atLeast: number, taken: DockerTaken): Step<DockerVersionFacts> {
  return {
    name: `Docker ${atLeast} or newer`,
    facts: {
      version: {
        script: "timeout 10 docker version --format '{{.Server.Version}}'",
        parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() : ""),
      },
      offered: {
        script: "command -v docker >/dev/null || apt-cache policy docker.io | sed -n 's/^ *Candidate: //p'",
        parse: ({ stdout }) => /^(?:\d+:)?(\d\S*)$/.exec(stdout.trim())?.[1] ?? "",
      },
    },
    plan: ({ version, offered }) => {
      const isOld = (found: string) => found !== "" && Number.parseInt(found, 10) < atLeast;
      if (taken.accepted) return [];
      if (isOld(version)) {
        throw new HostError("not-converged", {
          summary: `this machine has Docker ${version}, and OpenShell's documentation asks for ${atLeast} or newer`,
          try: "put a newer Docker in its place yourself, or take it knowingly: runtime.accept: [docker-version]",
        });
      }
      if (taken.offered && version === "" && isOld(offered)) {
        throw new HostError("not-converged", {
          summary: `this machine's distribution has Docker ${offered}, and OpenShell's documentation asks for ${atLeast} or newer`,
          try: "take Docker's own packages: docker: { source: docker }, or the older one knowingly: runtime.accept: [docker-version]",
        });
      }
      return [];
    },
  };
}
