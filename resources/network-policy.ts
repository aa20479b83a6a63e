import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface NetworkPolicyArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  readonly sandboxId: pulumi.Input<string>;
  readonly runtime: pulumi.Input<"embedded" | "openshell">;
  /** OpenShell's `network_policies`: what the sandbox may reach. All else is refused. */
  readonly networkPolicies: pulumi.Input<Record<string, object>>;
  /** The file and line of each block and endpoint, for messages. */
  readonly origins?: pulumi.Input<Record<string, string>> | undefined;
  /** Differences between the runtimes that are taken knowingly, by name. */
  readonly accept?: pulumi.Input<string[]> | undefined;
}

/** What a sandbox may reach, changed in place while the agent runs; tunnels of a removed endpoint are cut. */
export class NetworkPolicy extends pulumi.CustomResource {
  /** The policy's name at the runtime that enforces it, where it has one: OpenShell's gateway does. */
  declare readonly hash: pulumi.Output<string | undefined>;

  constructor(name: string, args: NetworkPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super("nemoclaw:host:NetworkPolicy", name, { ...args, approval: "manual", inForce: true, hash: undefined }, opts);
  }
}
