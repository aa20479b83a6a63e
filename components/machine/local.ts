import * as pulumi from "@pulumi/pulumi";
import { Demo } from "../../resources/demo.ts";
import { LocalMachine } from "../../resources/local-machine.ts";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { SshKeyPair } from "../../resources/ssh-key-pair.ts";
import { localArch } from "./local-arch.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

export interface DisposableMachineArgs {
  /** Run the demo model and the Telegram stand-in beside it. @default false */
  readonly demo?: boolean;
  readonly image?: string;
  readonly memory?: string;
  /** PEM text of further certificate authorities. */
  readonly ca?: string;
}

/** A disposable machine on this computer, with its own keys; optionally with the demo services beside it. */
export class DisposableMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;
  readonly deletedWith: pulumi.Resource;
  /** The port of the Telegram stand-in's operator side on this computer; only with `demo`. */
  readonly demoTelegramPort?: pulumi.Output<number>;

  constructor(name: string, args: DisposableMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:DisposableMachine", name, {}, opts);
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    const container = `${project}-${stack}`;

    const hostKey = new SshKeyPair(`${name}-host-key`, { comment: `${container}-host` }, { parent: this });
    const userKey = new SshKeyPair(`${name}-user-key`, { comment: `${container}-user` }, { parent: this });
    const owner = { project, stack, installation: userKey.id };

    const box = new LocalMachine(
      `${name}-container`,
      {
        name: container,
        owner,
        hostKey: { publicKey: hostKey.publicKey, privateKey: hostKey.privateKey },
        authorizedKey: userKey.publicKey,
        image: args.image,
        memory: args.memory,
        ca: args.ca,
      },
      { parent: this },
    );
    if (args.demo) {
      const demo = new Demo(
        `${name}-demo`,
        { name: `${container}-demo`, owner, network: box.network },
        { parent: this, dependsOn: [box] },
      );
      this.demoTelegramPort = demo.telegramPort;
    }

    this.deletedWith = box;
    this.machine = {
      id: pulumi.interpolate`local:${box.containerId}`,
      address: box.address,
      port: box.port,
      user: box.user,
      hostKeys: [hostKey.publicKey],
      privateKey: userKey.privateKey,
      arch: localArch,
      gpu: "none",
      owner,
    };
    this.registerOutputs({});
  }
}
