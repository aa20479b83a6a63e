import * as pulumi from "@pulumi/pulumi";
import type { MirrorsArgs } from "./docker-engine.ts";
import type { MachineInputs } from "./machine-inputs.ts";

export interface SandboxRuntimeArgs {
  readonly machine: MachineInputs;
  readonly kind: pulumi.Input<"embedded" | "openshell">;
  readonly mirrors?: pulumi.Input<MirrorsArgs>;
  /** Image that sandboxes are made from, as the lock file names it. @default one from the distribution's packages */
  readonly image?: pulumi.Input<string> | undefined;
  /** What the stack takes knowingly, by name: `docker-version`, `recreate`. */
  readonly accept?: pulumi.Input<string[]>;
}

/** What sandboxes run on: programs, users and folders shared by all sandboxes of a machine, each at its pinned version. */
export class SandboxRuntime extends pulumi.CustomResource {
  /** What is installed, by name: Node, npm, and the digest of the programs of this package. */
  declare readonly versions: pulumi.Output<Record<string, string>>;
  /** OpenShell's gateway; the embedded runtime has no service of its own. */
  declare readonly service: pulumi.Output<{ running: boolean; enabled: boolean } | undefined>;

  /** The line of OpenShell's releases; of another one it is made anew, and all that stands on it. */
  declare readonly line: pulumi.Output<string | undefined>;

  constructor(name: string, args: SandboxRuntimeArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "nemoclaw:host:SandboxRuntime",
      name,
      { ...args, versions: undefined, service: undefined, line: undefined },
      opts,
    );
  }
}
