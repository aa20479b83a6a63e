import { z } from "zod";
import { memory } from "../settings/sizes.ts";

/** A disposable machine on this computer: a container with an init system of its own and sshd. */
export const localMachine = z.strictObject({
  kind: z.literal("local"),
  demo: z.boolean().default(false).describe("A demo model and a stand-in for Telegram beside the machine."),
  image: z
    .string()
    .regex(/^[a-z0-9][\w./:@-]*$/i, { error: "expected the reference of a Docker image, such as debian:bookworm-slim" })
    .optional()
    .describe("Docker image to make it from. Default: one made here, from the distribution's packages."),
  memory: memory
    .optional()
    .describe(
      "What it may use of this computer's memory: `6G`, at least 500M more than `limits.memory`. Default: no limit.",
    ),
  accept: z.array(z.string().min(1)).optional().describe("Nothing of this kind needs to be accepted. Default: none."),
});
