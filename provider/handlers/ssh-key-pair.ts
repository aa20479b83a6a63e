import { createHash } from "node:crypto";
import { z } from "zod";
import { newKeyPair } from "../../host/openssh-key.ts";
import type { Handler } from "../handler.ts";

interface SshKeyPairInputs {
  readonly comment: string;
}

interface SshKeyPairState extends SshKeyPairInputs {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** An ed25519 key pair that lives in state: the private half only as a secret. */
export const sshKeyPair: Handler<SshKeyPairInputs, SshKeyPairState> = {
  type: "nemoclaw:index:SshKeyPair",
  inputs: z.strictObject({ comment: z.string().regex(/^[\w.@:-]*$/, "letters, digits and . _ @ : - only") }),
  replaceOn: [["comment"]],
  secretOutputs: [["privateKey"]],

  async create(inputs) {
    const pair = newKeyPair(inputs.comment);
    return {
      id: fingerprint(pair.public),
      state: { ...inputs, publicKey: pair.public.trim(), privateKey: pair.private },
    };
  },
  async read(_id, state) {
    return state;
  },
  async update(_id, inputs, state) {
    return { ...state, ...inputs };
  },
  async delete() {},
};

/** As `ssh-keygen -l` prints it. */
function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
