import { X509Certificate } from "node:crypto";
import type { Fault } from "../../policies/fault.ts";

/**
 * The PEM text that `mirrors.ca` means, which is either that text or the path of a file with it.
 *
 * @returns undefined when it cannot be used; the reason is then among the faults
 */
export function certificates(ca: string, readFile: (path: string) => string, faults: Fault[]): string | undefined {
  const refuse = (message: string) => {
    faults.push({ path: "mirrors.ca", message, instead: "PEM text, or the path of a PEM file with certificates only" });
    return undefined;
  };
  let pem = ca;
  if (!pem.includes("-----BEGIN")) {
    try {
      pem = readFile(ca);
    } catch (error) {
      return refuse(`${ca} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown reason"}`);
    }
  }
  const fault = faultyCertificates(pem);
  return fault === undefined ? pem : refuse(`these certificates cannot be used: ${fault}`);
}

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function faultyCertificates(pem: string): string | undefined {
  if (/PRIVATE KEY-----/.test(pem)) return "it holds a private key";
  const found = pem.match(block) ?? [];
  if (found.length === 0) return "there is no certificate in it";
  for (const [index, text] of found.entries()) {
    try {
      new X509Certificate(text);
    } catch {
      return `its certificate ${index + 1} of ${found.length} cannot be read`;
    }
  }
  return undefined;
}
