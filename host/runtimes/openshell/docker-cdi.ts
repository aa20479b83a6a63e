import { HostError } from "../../errors.ts";
import type { Step } from "../../step.ts";
import { type DockerFound, dockerFound } from "../../steps/docker-found.ts";
import { whoseDocker } from "../../steps/docker-whose.ts";

export interface DockerCdiFacts {
  /** Folders where a running daemon looks for descriptions of devices; none while it has CDI off, undefined when none answers. */
  readonly folders: readonly string[] | undefined;
  /** The version of the interface that a running daemon speaks, `1.50`; absent when none answers. */
  readonly api?: string;
  /** Asked only before Docker had its turn. */
  readonly found?: DockerFound;
}

export interface CdiWhen {
  /** Whether it is asked before Docker had its turn, in which one of ours gets its settings. @default false */
  readonly before?: boolean;
}

// Docker 28.2 speaks it, the first that tells which devices CDI describes. As seen with OpenShell 0.0.112 on Docker 26.1, CDI on:
// "no NVIDIA CDI GPU devices were discovered".
const tellsDevices = 50;

/**
 * Docker that hands out GPUs by CDI, the only way OpenShell asks for them. It changes nothing: a Docker of ours has it among its
 * settings, or is about to get them, and in somebody else's only they switch it on.
 *
 * @throws HostError of kind `not-converged` from its plan
 */
export function requireCdi(gpus: number, { before = false }: CdiWhen = {}): Step<DockerCdiFacts> {
  return {
    name: "Docker with CDI on",
    facts: {
      folders: {
        script: `timeout 10 docker version --format '{{.Server.Version}}' >/dev/null || exit 1
timeout 10 docker info --format '{{json .CDISpecDirs}}' || if test $? = 124; then exit 1; else echo null; fi`,
        parse: ({ stdout, exitCode }) =>
          exitCode === 0 ? [...stdout.matchAll(/"([^"]+)"/g)].map(([, folder = ""]) => folder) : undefined,
      },
      api: {
        script: "timeout 10 docker version --format '{{.Server.APIVersion}}'",
        parse: ({ stdout, exitCode }) => (exitCode === 0 ? stdout.trim() : undefined),
      },
      ...(before && gpus > 0 && { found: dockerFound }),
    },
    plan({ folders, api, found }) {
      if (gpus === 0 || folders === undefined) return [];
      if (Number(/^1\.(\d+)$/.exec(api ?? "")?.[1] ?? tellsDevices) < tellsDevices) throw tooOld(api);
      if (folders.length > 0) return [];
      if (found !== undefined && whoseDocker(found) === "ours") return [];
      throw new HostError("not-converged", {
        summary: "Docker on this machine has CDI off, by which alone OpenShell gives a sandbox a GPU",
        try: 'put "features": {"cdi": true} into /etc/docker/daemon.json and restart Docker when its containers may stop; it needs Docker 25, and is on by itself since 28.2',
      });
    },
  };
}

function tooOld(api: string | undefined): HostError {
  return new HostError("not-converged", {
    summary: `Docker on this machine (API ${api}) does not tell which devices CDI describes, by which alone OpenShell finds a GPU`,
    try: "Docker 28.2 or newer: docker: { source: docker } where there is none yet, or put it in its place yourself",
  });
}
