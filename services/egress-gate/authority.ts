import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import * as x509 from "@peculiar/x509";
import { writeAtomically } from "../atomic-file.ts";

/** Signs the certificates that the gate shows to the sandbox in the name of inspected endpoints. */
export interface Authority {
  /** The authority's own certificate, in PEM: what the sandbox must trust. */
  readonly certificate: string;
  /** What a TLS server needs to speak for a host. Kept for a day. */
  contextFor(host: string): Promise<SecureContext>;
}

const day = 86_400_000;
const signing = { name: "ECDSA", hash: "SHA-256" };
const keys = { name: "ECDSA", namedCurve: "P-256" };
const mostKept = 500;

/**
 * Takes the authority kept in a folder, or makes one there: `ca.key` (0600) and `ca.crt`. One that ends within a month is
 * made anew.
 *
 * @param certificatePath where the certificate alone is put for others to read
 */
export async function openAuthority(folder: string, certificatePath: string): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = (await read(folder)) ?? (await make(folder));
  writeAtomically(certificatePath, kept.pem, 0o644);
  return { certificate: kept.pem, contextFor: signer(kept) };
}

interface Kept {
  readonly key: webcrypto.CryptoKey;
  readonly certificate: x509.X509Certificate;
  readonly pem: string;
}

async function read(folder: string): Promise<Kept | undefined> {
  const [keyPath, certificatePath] = [join(folder, "ca.key"), join(folder, "ca.crt")];
  if (!existsSync(keyPath) || !existsSync(certificatePath)) return undefined;
  const pem = readFileSync(certificatePath, "utf8");
  const certificate = new x509.X509Certificate(pem);
  if (certificate.notAfter.getTime() < Date.now() + 30 * day) return undefined;
  const [der] = x509.PemConverter.decode(readFileSync(keyPath, "utf8"));
  if (!der) return undefined;
  const key = await webcrypto.subtle.importKey("pkcs8", der, keys, true, ["sign"]);
  return { key, certificate, pem };
}

async function make(folder: string): Promise<Kept> {
  const pair = await webcrypto.subtle.generateKey(keys, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=NemoClaw egress gate",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: signing,
    keys: pair,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  const pem = `${certificate.toString("pem")}\n`;
  writeAtomically(join(folder, "ca.key"), await privatePem(pair.privateKey), 0o600);
  writeAtomically(join(folder, "ca.crt"), pem, 0o600);
  return { key: pair.privateKey, certificate, pem };
}

function signer(authority: Kept): (host: string) => Promise<SecureContext> {
  const pair = webcrypto.subtle.generateKey(keys, true, ["sign", "verify"]);
  const made = new Map<string, { until: number; context: Promise<SecureContext> }>();
  return (host) => {
    const known = made.get(host);
    if (known && known.until > Date.now()) return known.context;
    const oldest = made.keys().next().value;
    if (made.size >= mostKept && oldest !== undefined) made.delete(oldest);
    const context = pair.then((keyPair) => leaf(authority, host, keyPair));
    context.catch(() => made.delete(host));
    made.set(host, { until: Date.now() + day, context });
    return context;
  };
}

async function leaf(authority: Kept, host: string, pair: webcrypto.CryptoKeyPair): Promise<SecureContext> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: authority.certificate.subjectName,
    subject: "",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 7 * day),
    signingAlgorithm: signing,
    publicKey: pair.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? "dns" : "ip", value: host }], true),
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return createSecureContext({
    cert: `${certificate.toString("pem")}\n${authority.pem}`,
    key: await privatePem(pair.privateKey),
    minVersion: "TLSv1.2",
  });
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

// Positive and of one length: the first bit is clear and the second set.
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
