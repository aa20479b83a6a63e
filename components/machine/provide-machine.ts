import type * as pulumi from "@pulumi/pulumi";
import type { PreparedFor } from "../../resources/preflight.ts";
import type { AwsMachineArgs } from "./aws.ts";
import { ExistingMachine, type ExistingMachineArgs } from "./existing.ts";
import type { GcpMachineArgs } from "./gcp.ts";
import { DisposableMachine, type DisposableMachineArgs } from "./local.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

/** Which machine, and what it takes to have it. */
export type MachineChoice =
  | ({ readonly kind: "local" } & DisposableMachineArgs)
  | ({ readonly kind: "existing" } & ExistingMachineArgs)
  | ({ readonly kind: "aws" } & AwsMachineArgs)
  | ({ readonly kind: "gcp" } & GcpMachineArgs);

/** The machine of a stack: made, or taken as it is. Everything after it is the same for every kind. */
export async function provideMachine(
  name: string,
  {
    ca,
    privateKey,
    prepared,
    ...choice
  }: MachineChoice & { ca?: string; privateKey?: pulumi.Input<string>; prepared?: PreparedFor },
): Promise<ProvidedMachine> {
  switch (choice.kind) {
    case "local":
      return new DisposableMachine(name, { ...choice, ca });
    case "existing": {
      const { kind: _, ...args } = choice;
      return new ExistingMachine(name, { ...args, privateKey, prepared });
    }
    // A cloud's SDK is loaded by the stacks that need it.
    case "aws": {
      const { AwsMachine } = await import("./aws.ts");
      return new AwsMachine(name, { ...choice, privateKey });
    }
    case "gcp": {
      const { GcpMachine } = await import("./gcp.ts");
      return new GcpMachine(name, { ...choice, privateKey });
    }
  }
}
