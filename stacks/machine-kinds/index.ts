import { z } from "zod";
import { type AwsMachineSettings, awsMachine } from "./aws.ts";
import { existingMachine } from "./existing.ts";
import { type GcpMachineSettings, gcpMachine } from "./gcp.ts";
import { localMachine } from "./local.ts";

/** Which machine a stack stands on; everything after it is the same for every kind. */
export const machineSettings = z.discriminatedUnion("kind", [localMachine, existingMachine, awsMachine, gcpMachine]);

export type MachineSettings =
  | z.output<typeof localMachine>
  | z.output<typeof existingMachine>
  | AwsMachineSettings
  | GcpMachineSettings;
