import type { Machine } from "../machine.ts";
import { type GpuFacts, gpuFacts } from "../preflight/gpu.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import type { Step } from "../step.ts";
import { cdiDevices, describeGpus } from "./nvidia-cdi.ts";
import { type DriverSystem, driverSystem, installDriver } from "./nvidia-driver.ts";
import type { NvidiaRepository } from "./nvidia-repository.ts";
import { installToolkit, type ToolkitFacts, toolkitFacts } from "./nvidia-toolkit.ts";

export interface NvidiaGpuArgs {
  /** With `none` there is nothing to do, whatever the machine has. */
  readonly gpu: Machine["gpu"];
  /**
   * Branch of Ubuntu's signed driver packages, for images without a driver. A driver that is there already stays.
   *
   * @default 580-server where the machine has a GPU from before Turing, such as V100 or P100; else 580-server-open
   */
  readonly driver?: string;
  /** The toolkit's repository, from the lock file. Required unless `gpu` is `none`. */
  readonly repository?: NvidiaRepository;
  readonly mirrors?: Mirrors;
}

export interface NvidiaFacts {
  readonly gpu: GpuFacts;
  readonly system: DriverSystem;
  readonly toolkit: ToolkitFacts;
  /** Devices in the CDI specifications that name the loaded driver's libraries. */
  readonly cdi: readonly string[];
}

/**
 * A machine whose containers can have its GPUs. What the image brings stays as it is; what is missing is installed.
 *
 * @throws HostError from its plan: `command` when the machine has no GPU, when the driver does not see it (with nvidia-smi's
 * words), or where no driver is known for the system
 * @example
 * await ensure(host, ensureNvidiaGpu({ gpu: machine.gpu, repository: aptRepository(readLock(), "nvidia-container-toolkit") }));
 */
export function ensureNvidiaGpu({ gpu: wanted, driver, repository, mirrors }: NvidiaGpuArgs): Step<NvidiaFacts> {
  const mirror = mirrors?.apt;
  return {
    name: "NVIDIA GPU",
    facts: { gpu: gpuFacts, system: driverSystem, toolkit: toolkitFacts, cdi: cdiDevices },
    plan({ gpu, system, toolkit, cdi }) {
      if (wanted === "none") return [];
      return [
        ...installDriver(gpu, system, { driver, mirror }),
        ...installToolkit(toolkit, system.arch, { repository, mirror }),
        ...describeGpus(cdi, gpu),
      ];
    },
  };
}

/** What a resource shows of it. */
export function nvidiaGpuState({ gpu, toolkit, cdi: devices }: NvidiaFacts) {
  return { driver: gpu.driver, names: gpu.names, toolkit: toolkit.version, devices };
}
