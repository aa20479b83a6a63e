import * as pulumi from "@pulumi/pulumi";

export interface ReplacementGuardArgs {
  /** The setting by which the cloud refuses to delete the machine; nothing where it does not refuse. */
  readonly protectedBy?: string;
  /** Settings a change of which makes the machine anew, by their paths in the stack file. */
  readonly settings: Readonly<Record<string, pulumi.Input<string | number | boolean>>>;
}

/**
 * Refuses, at preview, what would make a machine anew while its cloud keeps the old one from being deleted. The engine would find
 * out half-way: after the data disk is detached, and with the machine stopped. Nothing stands behind it but this comparison.
 *
 * @example
 * const guard = new ReplacementGuard("box-replacement", { protectedBy: "machine.terminationProtection", settings });
 * new Instance("box", args, { dependsOn: [guard] });
 */
export class ReplacementGuard extends pulumi.CustomResource {
  constructor(name: string, args: ReplacementGuardArgs, opts?: pulumi.CustomResourceOptions) {
    super("nemoclaw:index:ReplacementGuard", name, { ...args }, opts);
  }
}
