import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "./machine-inputs.ts";

export interface MachineIdentityArgs {
  /** The machine as it is at its first boot: `hostKeys` are the final key and the one in user data. */
  readonly machine: MachineInputs;
  /** The final host key. */
  readonly hostKey: { readonly publicKey: pulumi.Input<string>; readonly privateKey: pulumi.Input<string> };
}

/**
 * The host key of a machine that its stack made, and the end of its first boot.
 *
 * User data can be read by others, and so can a host key in it. This resource alone accepts that key, once: over the
 * connection it proves, it uploads the final key, makes it the only one sshd has, connects again with nothing but the final
 * key pinned, and waits for cloud-init. Everything else on the machine pins `hostKeys`. It costs one handshake more, on the
 * first run only: the second connection is the one all others use.
 *
 * Deleting it leaves the key on the machine. Its id is the machine's.
 *
 * @example
 * const first = { ...reach, id: instance.id, hostKeys: [final.publicKey, bootstrap.publicKey] };
 * const identity = new MachineIdentity("box-identity", { machine: first, hostKey: final }, { parent: this });
 * this.machine = { ...first, id: identity.id, hostKeys: [final.publicKey] };
 */
export class MachineIdentity extends pulumi.CustomResource {
  /** The final public key, alone. */
  declare readonly hostKeys: pulumi.Output<string[]>;
  /** True once the machine serves the final key only and its first boot is over. */
  declare readonly ready: pulumi.Output<boolean>;

  constructor(name: string, { machine, hostKey }: MachineIdentityArgs, opts?: pulumi.CustomResourceOptions) {
    const { publicKey, privateKey } = hostKey;
    const inputs = { machine, hostKey: { publicKey, privateKey: pulumi.secret(privateKey) }, ready: true };
    super("nemoclaw:host:MachineIdentity", name, { ...inputs, hostKeys: undefined }, opts);
  }
}
