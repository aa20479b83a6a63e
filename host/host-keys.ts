import { createHash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { HostError } from "./errors.ts";

const algorithmsOf: Record<string, readonly ServerHostKeyAlgorithm[]> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  // The key's type is ssh-rsa; SHA-1 signatures with it are not accepted.
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** The host keys a machine may prove itself with. */
export interface PinnedKeys {
  /** Only these are offered: a machine's key of another type would look like an impostor's. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  accepts(presented: Buffer): boolean;
  /** For errors: `ssh-ed25519 SHA256:…`, comma-separated. */
  readonly fingerprints: string;
}

/**
 * Reads OpenSSH public keys, with or without a host name before and a comment after the key.
 *
 * @throws HostError of kind `host-key` when one of them is not a host key
 */
export function pinnedKeys(lines: readonly string[], where: string): PinnedKeys {
  const keys = lines.map((line) => parse(line, where));
  return {
    algorithms: [...new Set(keys.flatMap(({ type }) => algorithmsOf[type] ?? []))],
    accepts: (presented) => keys.some(({ blob }) => blob.equals(presented)),
    fingerprints: keys.map(({ blob }) => fingerprint(blob)).join(", "),
  };
}

/** A key as `ssh-keygen -l` prints it: its type and `SHA256:…`. */
export function fingerprint(blob: Buffer): string {
  const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return `${typeOf(blob) ?? "unknown type"} SHA256:${digest}`;
}

function parse(line: string, where: string): { type: string; blob: Buffer } {
  const words = line.trim().split(/\s+/);
  const at = words.findIndex((word) => Object.hasOwn(algorithmsOf, word));
  const type = words[at];
  const blob = Buffer.from(words[at + 1] ?? "", "base64");
  if (type && typeOf(blob) === type) return { type, blob };
  throw new HostError("host-key", {
    summary: `a pinned host key of ${where} is not an OpenSSH public key`,
    said: `found ${JSON.stringify(line.slice(0, 60))}, expected a line such as "ssh-ed25519 AAAAC3Nza…"`,
    try: "copy the line of /etc/ssh/ssh_host_ed25519_key.pub from the machine's console",
  });
}

function typeOf(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  return blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
}
