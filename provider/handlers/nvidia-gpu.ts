import { z } from "zod";
import { aptRepository, readLock } from "../../host/lock.ts";
import { type Machine, machineSchema } from "../../host/machine.ts";
import type { Mirrors } from "../../host/runtimes/runtime.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import { ensureNvidiaGpu, type NvidiaFacts, nvidiaGpuState } from "../../host/steps/nvidia-gpu.ts";
import { proveNvidiaGpu } from "../../host/steps/nvidia-proof.ts";
import type { NvidiaRepository } from "../../host/steps/nvidia-repository.ts";
import { hostHandler } from "../host-resource.ts";
import { mirrorsSchema } from "./mirrors.ts";

interface NvidiaGpuInputs {
  readonly machine: Machine;
  readonly driver?: string;
  readonly mirrors?: Mirrors;
  /** The toolkit's repository, filled in from the lock file. */
  readonly repository?: NvidiaRepository;
  readonly usable: boolean;
}

interface NvidiaGpuState extends NvidiaGpuInputs {
  readonly driverVersion?: string;
  readonly names?: readonly string[];
  readonly toolkit?: string;
}

/** NVIDIA GPUs for containers. Deleting it leaves driver and toolkit, since others may use them. */
export const nvidiaGpu = hostHandler<NvidiaGpuInputs, NvidiaGpuState, NvidiaFacts>({
  type: "nemoclaw:host:NvidiaGpu",
  inputs: z.strictObject({
    machine: machineSchema,
    driver: z
      .string()
      .regex(/^\d{3}(-server)?(-open)?$/, "a branch of Ubuntu's driver packages, such as 580-server-open")
      .optional(),
    mirrors: mirrorsSchema.optional(),
    repository: z.strictObject({ uri: z.string(), fingerprint: z.string() }).optional(),
    usable: z.literal(true),
  }),
  // At preview, where a lock file without the repository is refused before anything is touched.
  fill(inputs) {
    if (inputs.machine.gpu === "none") return inputs;
    return { ...inputs, repository: aptRepository(readLock(), "nvidia-container-toolkit") };
  },
  nameOn: () => "gpu",
  step: ({ machine: { gpu }, driver, mirrors, repository }) => ensureNvidiaGpu({ gpu, driver, mirrors, repository }),
  observe(inputs, facts) {
    if (inputs.machine.gpu === "none") return { ...inputs, usable: true };
    const { driver, names, toolkit, devices } = nvidiaGpuState(facts);
    const usable = names.length >= inputs.machine.gpu.count && devices.length > 0 && toolkit !== "";
    return { ...inputs, usable, driverVersion: driver, names, toolkit };
  },
  async prove(host, { machine: { gpu } }, state) {
    if (gpu !== "none") await proveNvidiaGpu(host, gpu.count);
    return state;
  },
  removal: () => nothingToRemove("the NVIDIA driver and container toolkit"),
});
