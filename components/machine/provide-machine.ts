import type * as pulumi from "@pulumi/pulumi";
import { ExistingMachine, type ExistingMachineArgs } from "./existing.ts";
import { DisposableMachine, type DisposableMachineArgs } from "./local.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

/** Which machine, and what it takes to have it. */
export type MachineChoice =
  | ({ readonly kind: "local" } & DisposableMachineArgs)
  | ({ readonly kind: "existing" } & ExistingMachineArgs);

/** The machine of a stack: made, or taken as it is. Everything after it is the same for every kind. */
export function provideMachine(
  name: string,
  { ca, privateKey, ...choice }: MachineChoice & { ca?: string; privateKey?: pulumi.Input<string> },
): ProvidedMachine {
  switch (choice.kind) {
    case "local":
      return new DisposableMachine(name, { ...choice, ca });
    case "existing": {
      const { kind: _, ...args } = choice;
      return new ExistingMachine(name, { ...args, privateKey });
    }
  }
}
