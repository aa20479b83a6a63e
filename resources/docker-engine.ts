import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface DockerEngineArgs {
  readonly machine: MachineInputs;
  /** The distribution's own package, or Docker's signed repository. @default "distribution" */
  readonly source?: pulumi.Input<"distribution" | "docker">;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
}

/** Where a machine downloads from; each has a public default. */
export interface MirrorsArgs {
  readonly npm?: string;
  readonly apt?: string;
  readonly artifacts?: string;
  /** PEM text of further certificate authorities. */
  readonly ca?: string;
}

/**
 * Docker on a machine: installed, enabled, running, and proven by a container made on the spot. Deleting it leaves the
 * packages where they are, since others may use them.
 */
export class DockerEngine extends pulumi.CustomResource {
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: DockerEngineArgs, opts?: pulumi.CustomResourceOptions) {
    const wanted = { source: "distribution", ...args, enabled: true, running: true };
    super("nemoclaw:host:DockerEngine", name, { ...wanted, version: undefined }, opts);
  }
}
