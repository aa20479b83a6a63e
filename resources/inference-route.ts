import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface InferenceRouteArgs {
  readonly machine: MachineInputs;
  readonly sandbox: pulumi.Input<string>;
  readonly sandboxId: pulumi.Input<string>;
  readonly runtime: pulumi.Input<"embedded" | "openshell">;
  /** An OpenAI-compatible endpoint, up to and including its `/v1`. */
  readonly baseUrl: pulumi.Input<string>;
  /** The model every request is sent to, whatever the agent asks for. */
  readonly model: pulumi.Input<string>;
  /** The upstream's key. It reaches the route by a systemd credential and is never seen inside the sandbox. */
  readonly key?: pulumi.Input<string>;
  /** Whether the service is asked for an answer, from the machine, before the agent is led there. @default true under OpenShell, else false */
  readonly verify?: pulumi.Input<boolean> | undefined;
  /** @default true */
  readonly running?: pulumi.Input<boolean>;
}

/** The agent's only way to a model. Switching the model is an update in place; the agent keeps running. */
export class InferenceRoute extends pulumi.CustomResource {
  declare readonly model: pulumi.Output<string>;

  constructor(name: string, args: InferenceRouteArgs, opts?: pulumi.CustomResourceOptions) {
    const key = args.key === undefined ? undefined : pulumi.secret(args.key);
    const secret = pulumi.mergeOptions(opts, { additionalSecretOutputs: ["key"] });
    super("nemoclaw:host:InferenceRoute", name, { running: true, ...args, key, enabled: true, inForce: true }, secret);
  }
}
