import * as pulumi from "@pulumi/pulumi";
import type { MirrorsArgs } from "./docker-engine.ts";
import type { MachineInputs } from "./machine-inputs.ts";

export interface SandboxArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  readonly runtime: pulumi.Input<"embedded" | "openshell">;
  /** The static part of the policy: a change replaces the sandbox; its workspace stays. */
  readonly policy: pulumi.Input<object>;
  readonly agent: pulumi.Input<{ version: string }>;
  readonly limits: pulumi.Input<{ memory: string; cpus: number; pids: number; logs: string }>;
  /** As the runtime's; another one makes the sandbox anew. */
  readonly image?: pulumi.Input<string> | undefined;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
  /** @default true */
  readonly running?: pulumi.Input<boolean>;
}

/** The OpenClaw agent in its sandbox: default-deny files, no network but the gate, bounded memory, CPU and processes. */
export class Sandbox extends pulumi.CustomResource {
  /** Where a tunnel may point at, on the machine's loopback. */
  declare readonly origin: pulumi.Output<{ host: string; port: number }>;
  /** `true`, or the list of what was tried and not held. Observed inside the sandbox, never read back. */
  declare readonly enforced: pulumi.Output<unknown>;
  /** Who stopped the environment on purpose (`scripts/stop`), when and why, or `no`. */
  declare readonly stopped: pulumi.Output<{ by: string; since: string; why?: string } | "no">;

  constructor(name: string, args: SandboxArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "nemoclaw:host:Sandbox",
      name,
      {
        running: true,
        ...args,
        enabled: true,
        definition: undefined,
        origin: undefined,
        enforced: undefined,
        stopped: undefined,
      },
      opts,
    );
  }
}
