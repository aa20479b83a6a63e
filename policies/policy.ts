import { z } from "zod";
import { refuse } from "./check.ts";
import { endpointSchema } from "./endpoint.ts";
import { filesystemSchema } from "./filesystem.ts";
import { checkGlob } from "./glob.ts";
import { middlewaresSchema } from "./middleware.ts";

export type { Endpoint } from "./endpoint.ts";
export { portsOf } from "./endpoint.ts";
export type { FilesystemPolicy } from "./filesystem.ts";

const identity = z
  .union([z.string(), z.int()], { error: "expected sandbox or a number from 1 to 4294967294" })
  .transform(String)
  .refine((value) => value === "sandbox" || (/^[1-9]\d{0,9}$/.test(value) && Number(value) <= 4_294_967_294), {
    error: "expected sandbox or a number from 1 to 4294967294; root is never allowed",
    params: { instead: "sandbox" },
  });

/** Whether the sandbox starts when the kernel cannot confine it fully. */
const landlockSchema = z.strictObject({
  compatibility: z.enum(["best_effort", "hard_requirement"]).optional(),
});

/** Whom the agent runs as. */
const processSchema = z.strictObject({ run_as_user: identity.optional(), run_as_group: identity.optional() });

const binaryPath = z
  .string()
  .superRefine((value, context) => {
    if (value.startsWith("/") && !value.split("/").includes("..")) return;
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(value)} is not an absolute path of a program`,
      params: {
        instead: `the whole path, such as /usr/bin/${value.split("/").at(-1) || "git"}, or /** for every program`,
      },
    });
  })
  .superRefine(refuse(checkGlob));

const binarySchema = z.union([binaryPath.transform((path) => ({ path })), z.strictObject({ path: binaryPath })]);

/** Destinations, and the programs that may reach them. */
export const networkPolicySchema = z.strictObject({
  /** For logs. @default the block's key */
  name: z.string().min(1).optional(),
  endpoints: z.array(endpointSchema).min(1),
  binaries: z.array(binarySchema).min(1),
});

/**
 * OpenShell's policy file, version 1. Nothing that is not listed is allowed. `filesystem_policy`, `landlock` and `process`
 * are fixed for the life of a sandbox; the network part can change while it runs.
 *
 * Parsing brings a policy into one form: programs as `{path}`, hosts in lower case, paths without double slashes.
 */
export const policySchema = z.strictObject({
  version: z.literal(1),
  filesystem_policy: filesystemSchema.optional(),
  landlock: landlockSchema.optional(),
  process: processSchema.optional(),
  network_policies: z.record(z.string().min(1), networkPolicySchema).optional(),
  network_middlewares: middlewaresSchema.optional(),
});

export type Policy = z.infer<typeof policySchema>;
export type NetworkPolicy = z.infer<typeof networkPolicySchema>;
