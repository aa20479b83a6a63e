import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";

export interface DockerVersionFacts {
  /** What a running daemon answers with; empty when none answers. */
  readonly version: string;
}

/**
 * Docker as new as a release asks for. It changes nothing; an older one is refused, unless it is taken knowingly.
 *
 * @throws HostError of kind `not-converged` from its plan, with the version found
 */
export function requireDocker(atLeast: number, accepted: boolean): Step<DockerVersionFacts> {
  return {
    name: `Docker ${atLeast} or newer`,
    facts: {
      version: {
        script: "docker version --format '{{.Server.Version}}'",
        parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() : ""),
      },
    },
    plan: ({ version }) => {
      if (version === "" || accepted || Number.parseInt(version, 10) >= atLeast) return [];
      throw new HostError("not-converged", {
        summary: `this machine has Docker ${version}, and OpenShell's documentation asks for ${atLeast} or newer`,
        try: "install a newer Docker, or take it knowingly: runtime.accept: [docker-version]",
      });
    },
  };
}
