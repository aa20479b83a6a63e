import { BlockList, isIP } from "node:net";
import { type Check, check } from "./check.ts";

// A service on these is the machine itself or the cloud's metadata, never what a private range is meant to open.
const reserved = ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "::1/128", "fe80::/10", "::/128"];

/** What is wrong with an entry of `allowed_ips`, an address or a range. */
export function checkAllowedIp(entry: string): Check[] {
  const range = parse(entry);
  if (!range)
    return [check([], `${JSON.stringify(entry)} is not an address or a range`, "10.0.0.5 or 10.0.0.0/8, say")];
  if (/^::ffff:/i.test(range.address)) {
    return [check([], `${entry} is an IPv4 address written as IPv6`, "the IPv4 address")];
  }
  const hit = reserved.find((other) => overlap(range, parse(other)));
  return hit === undefined
    ? []
    : [check([], `${entry} reaches into ${hit}, the machine itself`, "a range of your private network")];
}

interface Range {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
  readonly all: BlockList;
}

function parse(entry: string): Range | undefined {
  const [address = "", prefix, ...more] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  const family = version === 6 ? "ipv6" : "ipv4";
  const bits = version === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  const all = new BlockList();
  all.addSubnet(address, length, family);
  return { address, family, all };
}

// Two prefix ranges that meet contain one another.
function overlap(a: Range, b: Range | undefined): boolean {
  if (b === undefined || a.family !== b.family) return false;
  return a.all.check(b.address, b.family) || b.all.check(a.address, a.family);
}
