import * as pulumi from "@pulumi/pulumi";
import type { OwnerInputs } from "./machine-inputs.ts";

export interface DemoArgs {
  readonly name: pulumi.Input<string>;
  readonly owner: OwnerInputs;
  /** The Docker network of the local machine, where it answers as `demo.nemoclaw.internal`. */
  readonly network: pulumi.Input<string>;
}

/**
 * DEMO ONLY: a model that echoes and a stand-in for Telegram, in one container beside the local machine, so that the quick
 * start needs no account anywhere.
 */
export class Demo extends pulumi.CustomResource {
  /** On this computer's loopback: where the stand-in's operator side answers. */
  declare readonly telegramPort: pulumi.Output<number>;
  declare readonly modelPort: pulumi.Output<number>;

  constructor(name: string, args: DemoArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { telegramPort: undefined, modelPort: undefined };
    super("nemoclaw:local:Demo", name, { ...args, running: true, ...outputs }, opts);
  }
}
