import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { EngineError } from "./errors.ts";

const iterations = 1_000_000;
const tagLength = 16;

/** Encrypts and decrypts as Pulumi's passphrase provider does: AES-256-GCM, a key from PBKDF2 with SHA-256. */
export interface Crypter {
  /** The key's salt and a proof of the passphrase, as the stack file's `encryptionsalt` has it. */
  readonly salt: string;
  encrypt(plain: string): string;
  decrypt(sealed: string): string;
}

/**
 * The passphrase of the environment: `PULUMI_CONFIG_PASSPHRASE`, which may be empty, or the trimmed content of the file
 * that `PULUMI_CONFIG_PASSPHRASE_FILE` names.
 *
 * @throws EngineError when neither is there
 */
export function readPassphrase(env: NodeJS.ProcessEnv = process.env): string {
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) return env.PULUMI_CONFIG_PASSPHRASE;
  const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (!file) {
    throw new EngineError(
      "the stack's secrets need its passphrase: set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it, or PULUMI_CONFIG_PASSPHRASE",
    );
  }
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new EngineError(`PULUMI_CONFIG_PASSPHRASE_FILE names ${file}, which cannot be read`, { cause });
  }
}

/** Makes a new salt for a passphrase. */
export async function newCrypter(passphrase: string): Promise<Crypter> {
  const salt = randomBytes(8);
  const key = await deriveKey(passphrase, salt);
  return crypter(`v1:${salt.toString("base64")}:${encrypt(key, "pulumi")}`, key);
}

/**
 * Opens an existing salt.
 *
 * @param where the salt stands, for the error
 * @throws EngineError when the passphrase is not the one the salt was made with
 */
export async function openCrypter(passphrase: string, salt: string, where: string): Promise<Crypter> {
  const [version, encoded, ...proof] = salt.split(":");
  if (version !== "v1" || !encoded || proof.length !== 3) {
    throw new EngineError(
      `the encryption salt "${salt}" of ${where} is not of Pulumi's form v1:<salt>:v1:<nonce>:<text>`,
    );
  }
  const key = await deriveKey(passphrase, Buffer.from(encoded, "base64"));
  let proven: string;
  try {
    proven = decrypt(key, proof.join(":"));
  } catch {
    proven = "";
  }
  if (proven !== "pulumi") {
    throw new EngineError(
      `incorrect passphrase: the one in PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE does not open the secrets of ${where}`,
    );
  }
  return crypter(salt, key);
}

function crypter(salt: string, key: Buffer): Crypter {
  return { salt, encrypt: (plain) => encrypt(key, plain), decrypt: (sealed) => decrypt(key, sealed) };
}

// A million rounds take a good part of a second, and one run opens the same salt more than once.
const derived = new Map<string, Promise<Buffer>>();

function deriveKey(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("base64")} ${passphrase}`;
  const key = derived.get(name) ?? promisify(pbkdf2)(passphrase, salt, iterations, 32, "sha256");
  derived.set(name, key);
  return key;
}

function encrypt(key: Buffer, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decrypt(key: Buffer, sealed: string): string {
  const [version, nonce, text] = sealed.split(":");
  if (version !== "v1" || nonce === undefined || text === undefined)
    throw new EngineError("a sealed value is malformed");
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
  return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - tagLength)), decipher.final()]).toString(
    "utf8",
  );
}
