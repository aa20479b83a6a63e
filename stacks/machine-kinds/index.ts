import { z } from "zod";
import { awsMachine, gcpMachine } from "./cloud.ts";
import { existingMachine } from "./existing.ts";
import { localMachine } from "./local.ts";

/** Which machine a stack stands on; everything after it is the same for every kind. */
export const machineSettings = z.discriminatedUnion("kind", [localMachine, existingMachine, awsMachine, gcpMachine]);

export type MachineSettings = z.output<typeof localMachine> | z.output<typeof existingMachine>;
