import { z } from "zod";

/** Where a machine downloads from; an input of everything that installs. */
export const mirrorsSchema = z.strictObject({
  npm: z.string().optional(),
  apt: z.string().optional(),
  artifacts: z.string().optional(),
  registry: z.string().optional(),
  ca: z.string().optional(),
});
