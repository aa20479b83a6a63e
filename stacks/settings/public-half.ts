import { createPrivateKey, createPublicKey, type JsonWebKey } from "node:crypto";

/**
 * The public half of a private key, as the two words of an `authorized_keys` line: `ssh-ed25519 AAAA…`. Undefined where it cannot
 * be told without a passphrase, or is of a kind that is not known here.
 */
export function publicHalf(privateKey: string): string | undefined {
  try {
    const blob = /^-----BEGIN OPENSSH /.test(privateKey) ? fromOpenSsh(privateKey) : fromPem(privateKey);
    return blob && `${blob.toString("latin1", 4, 4 + blob.readUInt32BE(0))} ${blob.toString("base64")}`;
  } catch {
    return undefined;
  }
}

// OpenSSH's own format has the public half in front of the other one, in clear even with a passphrase.
function fromOpenSsh(text: string): Buffer | undefined {
  const bytes = Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const magic = "openssh-key-v1\0";
  if (bytes.subarray(0, magic.length).toString() !== magic) return undefined;
  let at = magic.length;
  const next = () => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    if (at > bytes.length) throw new RangeError("cut");
    return bytes.subarray(at - length, at);
  };
  // Cipher, way from a passphrase to a key, its options; then how many keys.
  for (let field = 0; field < 3; field += 1) next();
  at += 4;
  return next();
}

function fromPem(text: string): Buffer | undefined {
  const jwk = createPublicKey(createPrivateKey(text)).export({ format: "jwk" });
  if (jwk.kty === "RSA") return fields("ssh-rsa", number(jwk.e), number(jwk.n));
  if (jwk.crv === "Ed25519") return fields("ssh-ed25519", bytesOf(jwk.x));
  if (jwk.kty === "EC") return fromCurve(jwk);
  return undefined;
}

function fromCurve({ crv, x, y }: JsonWebKey): Buffer {
  const name = `nistp${crv?.replace("P-", "")}`;
  return fields(`ecdsa-sha2-${name}`, name, Buffer.concat([Buffer.from([4]), bytesOf(x), bytesOf(y)]));
}

function bytesOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? "", "base64url");
}

/** As SSH writes numbers, whose first bit is their sign. */
function number(text: string | undefined): Buffer {
  const bytes = bytesOf(text);
  return (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function fields(...values: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const bytes = Buffer.from(value as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
