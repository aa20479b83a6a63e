import { z } from "zod";
import { aptRepository, readLock } from "../../host/lock.ts";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { Mirrors } from "../../host/runtimes/runtime.ts";
import { dockerEngineState, ensureDockerEngine } from "../../host/steps/docker-engine.ts";
import type { DockerEngineFacts } from "../../host/steps/docker-facts.ts";
import { proveDockerEngine } from "../../host/steps/docker-proof.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import { hostHandler } from "../host-resource.ts";
import { mirrorsSchema } from "./mirrors.ts";

interface DockerEngineInputs {
  readonly machine: Machine;
  readonly source: "distribution" | "docker";
  readonly mirrors?: Mirrors;
  readonly enabled: boolean;
  readonly running: boolean;
}

interface DockerEngineState extends DockerEngineInputs {
  readonly version?: string;
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
  nameOn: () => "docker",
  step: ({ source, mirrors }) =>
    ensureDockerEngine({
      source,
      mirrors,
      repository: source === "docker" ? aptRepository(readLock(), "docker") : undefined,
    }),
  observe(inputs, facts) {
    const { installed, version, source, enabled, active } = dockerEngineState(facts);
    return installed ? { ...inputs, source, enabled, running: active, version } : "gone";
  },
  async prove(host, _inputs, state) {
    await proveDockerEngine(host);
    return state;
  },
  // Others may use Docker: removing it would take their containers along.
  removal: () => nothingToRemove("Docker Engine"),
});
