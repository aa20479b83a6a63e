import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface OpenSshKeyPair {
  /** One line: `ssh-ed25519 AAAA… comment`. */
  readonly public: string;
  /** PEM text that OpenSSH and ssh2 read, without a passphrase. */
  readonly private: string;
}

/**
 * A new Ed25519 key in OpenSSH's formats.
 *
 * Not ssh2's own generator, which drops a leading zero byte: one key in 128 is then none that OpenSSH can load, and a machine
 * with such a host key never starts its sshd.
 *
 * @example
 * const { public: authorizedKey, private: privateKey } = newKeyPair("operator of demo");
 */
export function newKeyPair(comment = ""): OpenSshKeyPair {
  // The comment ends up on a line of authorized_keys.
  if (/[\0\r\n]/.test(comment)) throw new Error("an SSH key's comment is one line");
  const { privateKey } = generateKeyPairSync("ed25519");
  const { x = "", d = "" } = privateKey.export({ format: "jwk" });
  const point = Buffer.from(x, "base64url");
  const seed = Buffer.from(d, "base64url");
  const publicBlob = Buffer.concat([text("ssh-ed25519"), text(point)]);

  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, publicBlob, text(Buffer.concat([seed, point])), text(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1));
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(text),
    Buffer.from([0, 0, 0, 1]),
    text(publicBlob),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    public: `ssh-ed25519 ${publicBlob.toString("base64")}${comment && ` ${comment}`}`,
    private: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
  };
}

/** Length-prefixed, as the SSH protocol writes strings. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
