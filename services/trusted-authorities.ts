import tls from "node:tls";

/**
 * The certificate authorities for connections that leave the machine: those the machine itself trusts (Node's own list where
 * it has none) and those of `NODE_EXTRA_CA_CERTS`, in PEM.
 */
export function trustedAuthorities(): string[] {
  const system = tls.getCACertificates("system");
  const base = system.length > 0 ? system : tls.rootCertificates;
  return [...new Set([...base, ...tls.getCACertificates("extra")])];
}
