import * as pulumi from "@pulumi/pulumi";
import type { OwnerInputs } from "./machine-inputs.ts";

export interface LocalMachineArgs {
  /** The container's name, and the prefix of its volume's and network's. */
  readonly name: pulumi.Input<string>;
  readonly owner: OwnerInputs;
  /** Injected between create and start, so that the first byte of the first connection is checked against it. */
  readonly hostKey: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
  /** The public key that may log in. */
  readonly authorizedKey: pulumi.Input<string>;
  /** Base image of the machine. @default Debian 12, pulled, or built from the distribution's packages */
  readonly image?: pulumi.Input<string>;
  /** Memory limit of the machine, `6g`. @default none */
  readonly memory?: pulumi.Input<string>;
  /** PEM text of further certificate authorities the machine is to trust. */
  readonly ca?: pulumi.Input<string>;
}

/**
 * A disposable machine on this computer: a container with systemd and sshd. It is no isolation boundary: root inside is as
 * good as root on the Docker host.
 *
 * @example
 * new LocalMachine("box", { name: "box", owner, hostKey, authorizedKey: userKey.publicKey });
 */
export class LocalMachine extends pulumi.CustomResource {
  declare readonly containerId: pulumi.Output<string>;
  declare readonly address: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly user: pulumi.Output<string>;
  declare readonly network: pulumi.Output<string>;

  constructor(name: string, args: LocalMachineArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      containerId: undefined,
      address: undefined,
      port: undefined,
      user: undefined,
      network: undefined,
    };
    super("nemoclaw:local:Machine", name, { ...args, running: true, ...outputs }, opts);
  }
}
