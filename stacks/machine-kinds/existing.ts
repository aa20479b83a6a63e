import { z } from "zod";

const port = z.int().min(1).max(65535).default(22).describe("Port of its SSH server.");
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

const hostKeys = z.array(hostKey).superRefine((keys, context) => {
  if (keys.length > 0) return;
  const message = "no host key is pinned, and none is ever taken on first use";
  const instead = "one of the lines that scripts/doctor --host-key HOST prints, once you have compared its fingerprint";
  context.addIssue({ code: "custom", message, params: { instead } });
});

const via = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("jump"),
      address: address.describe("Its name or address."),
      port,
      user: user.describe("User there."),
      hostKeys: hostKeys.describe("Its host keys, pinned as well."),
    })
    .describe("Another machine on the way, reached with the same key or agent."),
  z
    .strictObject({
      kind: z.literal("command"),
      argv: z.array(z.string().min(1)).min(1).describe("The program and its arguments; words, never a shell line."),
    })
    .describe("A program whose standard input and output are the connection."),
]);

/** Asks for the model that a count of GPUs lacks. */
function withModel(gpu: unknown, context: z.RefinementCtx): unknown {
  const { model, count } = (gpu ?? {}) as { model?: unknown; count?: unknown };
  if (model !== undefined || typeof count !== "number") return gpu;
  const instead = `gpu: { model: H100, count: ${Math.max(1, Math.round(count))} }, with the model that the machine has`;
  const message = "a GPU count without a GPU model";
  context.addIssue({ code: "custom", path: ["model"], message, params: { instead } });
  return z.NEVER;
}

/** A machine that is already there. Its host key is pinned here: none is ever taken on first use. */
export const existingMachine = z.strictObject({
  kind: z.literal("existing"),
  address: address.describe("Name or address, without user and port."),
  port,
  user: user.describe("root, or one that may `sudo` without a password."),
  hostKeys: hostKeys.describe("OpenSSH public keys, as in `/etc/ssh/ssh_host_*_key.pub`."),
  agentSocket: z
    .string()
    .startsWith("/", { error: "expected an absolute path" })
    .optional()
    .describe("Socket of an SSH agent that has the key. Default: the secret `sshPrivateKey` is used."),
  via: via.optional().describe("What is on the way to it. Default: nothing."),
  arch: z.enum(["amd64", "arm64"]).default("amd64").describe("Its processor."),
  gpu: z
    .preprocess(
      withModel,
      z.union([z.literal("none"), z.strictObject({ model: z.string().min(1), count: z.int().min(1) })], {
        error: "expected none, or { model: H100, count: 1 }",
      }),
    )
    .prefault("none")
    .describe("GPUs that it must have; the run stops if the driver does not see them."),
});
