import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface DockerEngineArgs {
  readonly machine: MachineInputs;
  /**
   * What a machine without Docker gets: the distribution's own package, or Docker's from its signed repository. One that is
   * there stays. @default "distribution"
   */
  readonly source?: pulumi.Input<"distribution" | "docker">;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
}

/** Where a machine downloads from; each has a public default. */
export interface MirrorsArgs {
  readonly npm?: string;
  readonly apt?: string;
  readonly artifacts?: string;
  /** Of container images, in place of the registry that a reference names: `https://registry.example.com`. */
  readonly registry?: string;
  /** PEM text of further certificate authorities. */
  readonly ca?: string;
}

/**
 * Docker on a machine: running, starting with it, and proven by a container made on the spot. One that was there before is used
 * as it is: nothing of it is installed, set, started or restarted, and where it does not do the run fails with what to do. Where
 * there is none it is installed, and kept as it should be. Deleting it leaves everything where it is, since others may use it.
 */
export class DockerEngine extends pulumi.CustomResource {
  declare readonly version: pulumi.Output<string>;
  /** Whether it was there before, and is used as it is. */
  declare readonly foreign: pulumi.Output<boolean>;

  constructor(name: string, args: DockerEngineArgs, opts?: pulumi.CustomResourceOptions) {
    const wanted = { ...args, source: args.source ?? "distribution", enabled: true, running: true };
    super("nemoclaw:host:DockerEngine", name, { ...wanted, version: undefined, foreign: undefined }, opts);
  }
}
