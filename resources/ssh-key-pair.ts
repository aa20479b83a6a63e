import * as pulumi from "@pulumi/pulumi";

export interface SshKeyPairArgs {
  /** The comment at the end of the public key. */
  readonly comment: pulumi.Input<string>;
}

/**
 * An ed25519 SSH key pair, made by the plugin and kept in state; the private half is a secret.
 *
 * @example
 * const key = new SshKeyPair("box-host-key", { comment: "nemoclaw@dev" });
 */
export class SshKeyPair extends pulumi.CustomResource {
  declare readonly publicKey: pulumi.Output<string>;
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: SshKeyPairArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = pulumi.mergeOptions(opts, { additionalSecretOutputs: ["privateKey"] });
    super("nemoclaw:index:SshKeyPair", name, { ...args, publicKey: undefined, privateKey: undefined }, secret);
  }
}
