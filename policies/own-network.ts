import { isIP } from "node:net";

/** Whether a host's name or address tells that it is in a network of one's own, and not in the public one. */
export function isOwnNetwork(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) === 4) return /^(10|127)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(host);
  if (isIP(host) === 6) return /^(::1$|f[cd])/i.test(host);
  return !host.includes(".") || /\.(internal|local|localhost|test|lan|home\.arpa)$/.test(host);
}
