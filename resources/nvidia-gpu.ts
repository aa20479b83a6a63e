import * as pulumi from "@pulumi/pulumi";
import type { MirrorsArgs } from "./docker-engine.ts";
import type { MachineInputs } from "./machine-inputs.ts";

export interface NvidiaGpuArgs {
  readonly machine: MachineInputs;
  /**
   * Branch of Ubuntu's signed driver packages, for images that bring no driver.
   * @default "580-server" where the machine has a GPU from before Turing, such as V100 or P100; else "580-server-open"
   */
  readonly driver?: pulumi.Input<string>;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
}

/**
 * The GPUs of a machine for its containers: driver and container toolkit where the image lacks them, their description for
 * container runtimes (CDI), and a container that counts them. With `machine.gpu` of `none` it does nothing. It needs Docker:
 * let it depend on the engine. Deleting it leaves the packages, since others may use them.
 *
 * @example
 * new NvidiaGpu("box-gpu", { machine }, { dependsOn: [docker] });
 */
export class NvidiaGpu extends pulumi.CustomResource {
  declare readonly driverVersion: pulumi.Output<string>;
  declare readonly names: pulumi.Output<string[]>;
  /** Version of the container toolkit. */
  declare readonly toolkit: pulumi.Output<string>;

  constructor(name: string, args: NvidiaGpuArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { driverVersion: undefined, names: undefined, toolkit: undefined };
    super("nemoclaw:host:NvidiaGpu", name, { ...args, usable: true, ...outputs }, opts);
  }
}
