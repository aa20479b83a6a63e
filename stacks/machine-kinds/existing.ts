import { z } from "zod";

const port = z.int().min(1).max(65535).default(22);
const user = z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}$/i, { error: "expected the name of a user on the machine" });
const address = z.string().superRefine((value, context) => {
  if (/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:]+$/.test(value)) return;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(value)} is not a host name or an address`,
    params: { instead: "the name or address alone; port and user are settings of their own" },
  });
});

const keyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

const hostKey = z.string().superRefine((value, context) => {
  const [type = "", key = ""] = value.trim().split(/\s+/);
  const bytes = Buffer.from(key, "base64");
  // The key's own first field repeats its type, which tells a whole key from a fingerprint or a cut one.
  if (keyTypes.includes(type) && bytes.subarray(4, 4 + type.length).toString() === type && bytes.length > 50) return;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(value.slice(0, 40))} is not a public host key`,
    params: { instead: "a line such as ssh-ed25519 AAAA…, from /etc/ssh/ssh_host_ed25519_key.pub on the machine" },
  });
});

const hostKeys = z.array(hostKey).min(1);

const via = z.discriminatedUnion("kind", [
  /** Another machine on the way, reached with the same key or agent; its host key is pinned as well. */
  z.strictObject({ kind: z.literal("jump"), address, port, user, hostKeys }),
  /** A program whose standard input and output are the connection; words, never a shell line. */
  z.strictObject({ kind: z.literal("command"), argv: z.array(z.string().min(1)).min(1) }),
]);

/** A machine that is already there. Its host key is pinned here: none is ever taken on first use. */
export const existingMachine = z.strictObject({
  kind: z.literal("existing"),
  address,
  /** @default 22 */
  port,
  /** root, or one that may `sudo` without a password. */
  user,
  /** OpenSSH public keys, as in `/etc/ssh/ssh_host_*_key.pub`. */
  hostKeys,
  /** Socket of an SSH agent that has the key; else the secret `sshPrivateKey` is used. */
  agentSocket: z.string().startsWith("/", { error: "expected an absolute path" }).optional(),
  via: via.optional(),
  /** @default amd64 */
  arch: z.enum(["amd64", "arm64"]).default("amd64"),
  /** @default none */
  gpu: z
    .union([z.literal("none"), z.strictObject({ model: z.string().min(1), count: z.int().min(1) })], {
      error: "expected none, or { model: H100, count: 1 }",
    })
    .default("none"),
});
