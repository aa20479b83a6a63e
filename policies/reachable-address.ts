import { BlockList, isIP } from "node:net";
import { canonicalHost } from "./canonical-host.ts";

function list(ranges: readonly string[]): BlockList {
  const found = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    found.addSubnet(address, Number(prefix ?? (family === "ipv6" ? 128 : 32)), family);
  }
  return found;
}

function holds(ranges: BlockList, address: string): boolean {
  return ranges.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

// This machine itself, and the addresses clouds serve their metadata and credentials on.
const never = list([
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "168.63.129.16/32",
  "100.100.100.200/32",
  "::/96",
  "fe80::/10",
  "fd00:ec2::254/128",
]);

// Networks behind a border, and IPv6 ranges that carry an IPv4 address which this list could not see.
const internal = list([
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "2001::/32",
  "2002::/16",
  "fc00::/7",
  "fec0::/10",
]);

// Set aside for other things than servers. A wildcard does not reach them; who gives the whole name knows what is there.
const reserved = list([
  "192.0.0.0/24",
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "100::/64",
  "2001:db8::/32",
  "ff00::/8",
]);

// What OpenShell does not reach either, whatever a policy says.
const itself = list(["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "::1/128", "::/128", "fe80::/10"]);

/**
 * Why a resolved address may not be reached, or nothing.
 *
 * @param allowedIps the endpoint's `allowed_ips`; when there are any, no other address is reached. This machine and
 *   metadata services stay closed whatever they say.
 * @param named whether the policy gives the whole name, not a wildcard
 */
export function refuseAddress(address: string, allowedIps: readonly string[], named: boolean): string | undefined {
  const plain = canonicalHost(address) ?? address;
  if (isIP(plain) === 0) return `${address} is not an address`;
  if (holds(never, plain)) return `${plain} belongs to this machine or its metadata service`;
  if (allowedIps.length > 0) return holds(list(allowedIps), plain) ? undefined : `${plain} is not in allowed_ips`;
  const closed = holds(internal, plain) || (!named && holds(reserved, plain));
  return closed ? `${plain} is a private address, and no allowed_ips lists it` : undefined;
}

/** Whether a host that a policy gives by its whole name, without `allowed_ips`, is reached at an address by OpenShell alone. */
export function onlyOpenshellReaches(address: string): boolean {
  const plain = canonicalHost(address) ?? address;
  return refuseAddress(plain, [], true) !== undefined && !holds(itself, plain);
}
