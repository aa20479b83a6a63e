import * as pulumi from "@pulumi/pulumi";
import { DockerEngine, type MirrorsArgs } from "../resources/docker-engine.ts";
import type { MachineInputs } from "../resources/machine-inputs.ts";
import { NvidiaGpu } from "../resources/nvidia-gpu.ts";
import { SandboxRuntime } from "../resources/sandbox-runtime.ts";
import type { ProvidedMachine } from "./machine/provided-machine.ts";

export interface SandboxHostArgs {
  readonly on: ProvidedMachine;
  readonly runtime: {
    readonly kind: "embedded" | "openshell";
    readonly accept?: string[];
    /** Image that sandboxes are made from, as the lock file names it. */
    readonly image?: string | undefined;
  };
  /** What a machine without Docker gets. @default "distribution" */
  readonly docker?: "distribution" | "docker";
  readonly mirrors?: MirrorsArgs;
}

/** A machine that can run sandboxes: Docker, its GPUs where it has some, and the sandbox runtime with the programs it brings. */
export class SandboxHost extends pulumi.ComponentResource {
  /** The machine as what stands on its runtime reaches it: such a thing is made anew when the runtime is. */
  readonly machine: MachineInputs;
  /** The same, for what outlives the runtime. */
  readonly ground: MachineInputs;
  readonly runtime: "embedded" | "openshell";
  readonly accept: string[] | undefined;
  readonly image: string | undefined;
  readonly mirrors?: MirrorsArgs;
  /** What stands on this host is deleted with its machine. */
  readonly deletedWith?: pulumi.Resource;
  readonly dockerVersion: pulumi.Output<string>;

  constructor(name: string, args: SandboxHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:SandboxHost", name, {}, opts);
    const { machine, deletedWith } = args.on;
    const {
      mirrors,
      docker: source,
      runtime: { kind, accept, image },
    } = args;
    const child = { parent: this, deletedWith };

    const docker = new DockerEngine(`${name}-docker`, { machine, source, mirrors }, child);
    if (machine.gpu !== "none") {
      new NvidiaGpu(`${name}-gpu`, { machine, mirrors }, { ...child, dependsOn: [docker] });
    }
    // The embedded runtime is installed beside Docker: it does not need it, and package installations wait for each other.
    const after = kind === "openshell" ? { ...child, dependsOn: [docker] } : child;
    const runtime = new SandboxRuntime(`${name}-runtime`, { machine, kind, accept, image, mirrors }, after);

    const id = pulumi.all([machine.id, runtime.id]).apply(([id]) => id);
    this.machine = { ...machine, id };
    this.ground = machine;
    this.runtime = kind;
    this.accept = accept;
    this.image = image;
    this.mirrors = mirrors;
    this.deletedWith = deletedWith;
    this.dockerVersion = docker.version;
    this.registerOutputs({ dockerVersion: docker.version, versions: runtime.versions });
  }
}
