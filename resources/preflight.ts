import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

/** What is going to be put on a machine, as far as it decides what one that exists must have. */
export interface PreparedFor {
  /** What is going to run sandboxes on it, and asks for its own of Docker and the kernel. @default nothing is asked for it */
  readonly runtime?: { readonly kind: "embedded" | "openshell"; readonly accept?: string[] };
  /** What it gets where it has no Docker. @default "distribution" */
  readonly docker?: "distribution" | "docker";
}

export interface PreflightArgs extends PreparedFor {
  readonly machine: MachineInputs;
}

/**
 * A look at a machine before anything is done to it: architecture, system, kernel, room, clock, GPU, ports, Docker, what the
 * runtime asks for, and owner, in one round trip. What is missing fails the run, all of it at once with what to do; a refresh looks again. Neither making nor
 * deleting it changes the machine. Its id is the machine's, so that what takes its machine's id from it comes afterwards.
 *
 * @example
 * const preflight = new Preflight("box-preflight", { machine: reach });
 * this.machine = { ...reach, id: preflight.id };
 */
export class Preflight extends pulumi.CustomResource {
  declare readonly fit: pulumi.Output<boolean>;
  declare readonly missing: pulumi.Output<string[]>;
  declare readonly architecture: pulumi.Output<string>;
  declare readonly distribution: pulumi.Output<string>;
  declare readonly glibc: pulumi.Output<string>;
  declare readonly kernel: pulumi.Output<string>;
  declare readonly landlockOffered: pulumi.Output<boolean>;
  /** Rounded to whole ones. */
  declare readonly memoryGiB: pulumi.Output<number>;
  declare readonly cpus: pulumi.Output<number>;
  /** Names, as the driver has them; none without a driver. */
  declare readonly gpus: pulumi.Output<string[]>;
  declare readonly driver: pulumi.Output<string>;

  constructor(name: string, args: PreflightArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      missing: undefined,
      architecture: undefined,
      distribution: undefined,
      glibc: undefined,
      kernel: undefined,
      landlockOffered: undefined,
      memoryGiB: undefined,
      cpus: undefined,
      gpus: undefined,
      driver: undefined,
    };
    super("nemoclaw:host:Preflight", name, { ...args, fit: true, ...outputs }, opts);
  }
}
