import { z } from "zod";
import { memory } from "../settings/sizes.ts";

/** A disposable machine on this computer: a container with an init system of its own and sshd. */
export const localMachine = z.strictObject({
  kind: z.literal("local"),
  /** A demo model and a stand-in for Telegram beside the machine. @default false */
  demo: z.boolean().default(false),
  /** Docker image to make it from. @default built here, from the distribution's packages */
  image: z.string().min(1).optional(),
  /** What it may use of this computer's memory: `6G`. @default no limit */
  memory: memory.optional(),
  accept: z.array(z.string().min(1)).optional(),
});
