/** Authorities beyond the public ones, for a machine behind an inspecting proxy or with a private mirror. */
import { createHash } from "node:crypto";
import { rootCertificates } from "node:tls";

/**
 * The certificates of a PEM bundle that are not among the public roots Node ships, one by one. A whole system bundle may be
 * given: the public ones are on the machine anyway.
 *
 * @returns PEM texts by a name made from their content, ready for /usr/local/share/ca-certificates
 */
export function extraAuthorities(bundle: string): Map<string, string> {
  const known = new Set(rootCertificates.map(bare));
  const found = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const extra = found.filter((pem) => !known.has(bare(pem)));
  return new Map(
    extra.map((pem) => [
      `nemoclaw-${createHash("sha256").update(bare(pem)).digest("hex").slice(0, 16)}.crt`,
      `${pem}\n`,
    ]),
  );
}

function bare(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
