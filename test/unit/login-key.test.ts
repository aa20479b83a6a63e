import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { newKeyPair } from "../../host/openssh-key.ts";
import { loginKeyFaults } from "../../stacks/settings/login-key.ts";
import { publicHalf } from "../../stacks/settings/public-half.ts";

const { generateKeyPairSync: sshKey } = ssh2.utils;
const pair = newKeyPair("me");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;

describe("the public half of a private key", () => {
  const words = (line: string) => line.split(" ").slice(0, 2).join(" ");
  test.each([
    ["ed25519 of OpenSSH", pair.private, words(pair.public)],
    ...(["rsa", "ecdsa"] as const).map((type) => {
      const made = type === "rsa" ? sshKey("rsa", { bits: 2048 }) : sshKey("ecdsa", { bits: 256 });
      return [`${type} of OpenSSH`, made.private, words(made.public)] as const;
    }),
    ...[rsa, ec].flatMap((key) =>
      (key === rsa ? ["pkcs1", "pkcs8"] : ["sec1", "pkcs8"]).map((type) => {
        const pem = key.export({ format: "pem", type: type as "pkcs8" }).toString();
        const known = ssh2.utils.parseKey(key.export({ format: "pem", type: key === rsa ? "pkcs1" : "sec1" }));
        const parsed = known as ssh2.ParsedKey;
        return [
          `${key.asymmetricKeyType} as ${type}`,
          pem,
          `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`,
        ];
      }),
    ),
  ] as [string, string, string][])("%s", (_what, privateKey, half) => {
    expect(publicHalf(privateKey)).toBe(half);
  });

  test("is told of a key with a passphrase where OpenSSH keeps it in clear, and else not", () => {
    const locked = sshKey("ed25519", { passphrase: "p", cipher: "aes256-ctr", rounds: 1 });
    expect(publicHalf(locked.private)).toBe(words(locked.public));
    const pem = rsa.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "p" }).toString();
    expect(publicHalf(pem)).toBeUndefined();
    expect(publicHalf("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\n-----END")).toBeUndefined();
  });
});

describe("the key for a cloud machine", () => {
  const faults = (authorizedKey?: string, sshPrivateKey?: string) =>
    loginKeyFaults(sshPrivateKey === undefined ? {} : { sshPrivateKey }, {
      kind: "aws",
      ...(authorizedKey !== undefined && { authorizedKey }),
    });

  test("is the stack's own, or a whole pair", () => {
    expect(faults()).toEqual([]);
    expect(faults(pair.public, pair.private)).toEqual([]);
    expect(faults(pair.public.replace(" me", " of another name"), pair.private)).toEqual([]);
  });

  test("is not left out without a word", () => {
    expect(faults(undefined, pair.private)).toEqual([
      expect.objectContaining({
        path: "sshPrivateKey",
        message: expect.stringContaining("only with machine.authorizedKey"),
      }),
    ]);
    expect(faults(pair.public)).toEqual([expect.objectContaining({ path: "sshPrivateKey" })]);
  });

  test("is one pair; the public half that belongs to the secret is told, and nothing of the secret", () => {
    const other = newKeyPair();
    const [fault, ...more] = faults(pair.public, other.private);
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ path: "machine.authorizedKey", instead: other.public.trim() });
    expect(fault?.message).toContain("nobody could log in");
  });
});
