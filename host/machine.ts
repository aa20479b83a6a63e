import { z } from "zod";

const via = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("jump"),
    address: z.string().min(1),
    port: z.int().min(1).max(65535).default(22),
    user: z.string().min(1),
    hostKeys: z.array(z.string()).min(1),
    privateKey: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal("command"), argv: z.array(z.string()).min(1) }),
]);

/**
 * How to reach a machine and prove it is the right one. `id` is the only part whose change replaces what stands on it.
 * `hostKeys` are OpenSSH public keys (`ssh-ed25519 AAAA…`); at least one is required, no key is ever taken on first use.
 */
export const machineSchema = z.strictObject({
  id: z.string().min(1),
  address: z.string().min(1),
  port: z.int().min(1).max(65535),
  user: z.string().min(1),
  hostKeys: z.array(z.string()).min(1),
  privateKey: z.string().optional(),
  agentSocket: z.string().optional(),
  via: via.optional(),
  arch: z.enum(["amd64", "arm64"]),
  gpu: z.union([z.literal("none"), z.strictObject({ model: z.string(), count: z.int().min(1) })]),
  owner: z.strictObject({ project: z.string(), stack: z.string(), installation: z.string() }),
});

export type Machine = z.infer<typeof machineSchema>;

/** Who made a thing on a machine: written to `/etc/nemoclaw/owner.json` and to container labels. */
export type Owner = Machine["owner"];
