import type * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../../resources/machine-inputs.ts";

/** What every kind of machine gives to the rest of a stack; everything after it is the same for all of them. */
export interface ProvidedMachine {
  readonly machine: MachineInputs;
  /** What stands on the machine is deleted with this, unless the machine is not ours to delete. */
  readonly deletedWith?: pulumi.Resource;
}
