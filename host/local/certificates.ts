/** Authorities beyond the public ones, for a machine behind an inspecting proxy or with a private mirror. */
import { createHash } from "node:crypto";
import type { TarFile } from "./tar.ts";

/** The folder's hash links are made at the machine's first start, where this file says that they are to be. */
const pending = "etc/nemoclaw-machine/trust-pending";

/**
 * The files that make a Debian machine trust further authorities, laid out as `update-ca-certificates` would: running that
 * at the first start takes a second on an idle computer and ten on a busy one.
 *
 * @param bundle PEM text; a whole system bundle may be given, what the machine trusts anyway is left out
 * @param present the machine's own bundle
 */
export function trustFiles(bundle: string, present: string): TarFile[] {
  const extra = extraAuthorities(bundle, present);
  if (extra.size === 0) return [];
  const all = [...certificates(present), ...extra.values()].map((pem) => `${pem}\n`).join("");
  return [
    ...[...extra].flatMap(([name, pem]) => [
      { path: `usr/local/share/ca-certificates/${name}.crt`, content: `${pem}\n` },
      { path: `etc/ssl/certs/${name}.pem`, content: `${pem}\n` },
    ]),
    { path: "etc/ssl/certs/ca-certificates.crt", content: all },
    { path: pending },
  ];
}

/** The certificates of a PEM bundle that another does not have, each once, by a name made from their content. */
export function extraAuthorities(bundle: string, present: string): Map<string, string> {
  const known = new Set(certificates(present).map(bare));
  const extra = certificates(bundle).filter((pem) => !known.has(bare(pem)));
  return new Map(
    extra.map((pem) => [`nemoclaw-${createHash("sha256").update(bare(pem)).digest("hex").slice(0, 16)}`, pem]),
  );
}

function certificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function bare(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, "");
}
