import { z } from "zod";
import { readLock } from "../../host/lock.ts";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { Mirrors } from "../../host/runtimes/runtime.ts";
import { dockerEngineState, ensureDockerEngine, leaveDockerEngine } from "../../host/steps/docker-engine.ts";
import type { DockerEngineFacts } from "../../host/steps/docker-facts.ts";
import type { DockerSource } from "../../host/steps/docker-found.ts";
import { proveDockerEngine } from "../../host/steps/docker-proof.ts";
import { hostHandler } from "../host-resource.ts";
import { mirrorsSchema } from "./mirrors.ts";

interface DockerEngineInputs {
  readonly machine: Machine;
  readonly source: DockerSource;
  readonly mirrors?: Mirrors;
  readonly enabled: boolean;
  readonly running: boolean;
}

interface DockerEngineState extends DockerEngineInputs {
  readonly version?: string;
  /** Whether it was there before, and is used as it is. */
  readonly foreign?: boolean;
}

/** Docker on a machine. */
export const dockerEngine = hostHandler<DockerEngineInputs, DockerEngineState, DockerEngineFacts>({
  type: "nemoclaw:host:DockerEngine",
  inputs: z.strictObject({
    machine: machineSchema,
    source: z.enum(["distribution", "docker"]),
    mirrors: mirrorsSchema.optional(),
    enabled: z.literal(true),
    running: z.literal(true),
  }),
  // What a machine without Docker gets: one that is there stays.
  unnoticed: ["source"],
  judge: ({ source }, recorded) => ({
    failures: [],
    warnings:
      recorded?.source === undefined || recorded.source === source
        ? []
        : [`docker.source is ${source} now, which only a machine without Docker gets: the one that is there stays`],
  }),
  nameOn: () => "docker",
  step: ({ machine: { gpu }, source, mirrors }) =>
    ensureDockerEngine({
      source,
      gpus: gpu !== "none",
      mirrors,
      // Docker's own packages of ours are kept complete, whatever a machine without Docker would get now.
      repository: readLock().apt.docker,
    }),
  observe(inputs, facts) {
    const { installed, version, foreign, enabled, active } = dockerEngineState(facts);
    return installed ? { ...inputs, enabled, running: active, version, foreign } : "gone";
  },
  async prove(host, _inputs, state) {
    await proveDockerEngine(host);
    return state;
  },
  // Removing it would take the containers of others along.
  removal: leaveDockerEngine,
});
