import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { Preflight, type PreparedFor } from "../../resources/preflight.ts";
import { SshKeyPair } from "../../resources/ssh-key-pair.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

export interface ExistingMachineArgs {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH public keys, at least one. */
  readonly hostKeys: readonly string[];
  readonly privateKey?: pulumi.Input<string>;
  readonly agentSocket?: string;
  readonly via?: object;
  readonly arch: "amd64" | "arm64";
  readonly gpu: "none" | { model: string; count: number };
  /** What is going to be put on it, which decides about what it must have. */
  readonly prepared?: PreparedFor;
}

/**
 * A machine that is already there. It is looked at before anything is changed on it, and never deleted; what we put on it is.
 */
export class ExistingMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;

  constructor(name: string, args: ExistingMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:ExistingMachine", name, {}, opts);
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    // Its id is what tells this installation from another of the same names.
    const installation = new SshKeyPair(`${name}-installation`, { comment: `${project}-${stack}` }, { parent: this });
    const { hostKeys, via, privateKey, agentSocket, prepared, ...reach } = args;
    const machine: MachineInputs = {
      ...reach,
      id: `existing:${args.address}:${args.port}`,
      hostKeys: [...hostKeys],
      ...(privateKey === undefined ? {} : { privateKey: pulumi.secret(privateKey) }),
      ...(agentSocket === undefined ? {} : { agentSocket }),
      ...(via === undefined ? {} : { via }),
      owner: { project, stack, installation: installation.id },
    };
    const preflight = new Preflight(`${name}-preflight`, { machine, ...prepared }, { parent: this });
    // The same id, by way of the look: nothing is done to the machine before it is over.
    this.machine = { ...machine, id: preflight.id };
    this.registerOutputs({});
  }
}
