import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface WorkspaceArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  /** Leave the files on the machine when this resource is deleted. @default false */
  readonly keep?: pulumi.Input<boolean>;
}

/** The agent's files. A resource of its own, so that a sandbox that is replaced never takes them along. */
export class Workspace extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.CustomResourceOptions) {
    super("nemoclaw:host:Workspace", name, { keep: false, ...args, ownedByAgent: true, path: undefined }, opts);
  }
}
