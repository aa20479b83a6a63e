import { z } from "zod";

const later = (kind: "aws" | "gcp") =>
  z.looseObject({ kind: z.literal(kind) }).superRefine((_, context) => {
    context.addIssue({
      code: "custom",
      path: ["kind"],
      message: `machines on ${kind} come with a later release`,
      params: { instead: "existing, with the address of a machine you made yourself; or local" },
    });
  });

export const awsMachine = later("aws");
export const gcpMachine = later("gcp");
