import { isIP, isIPv6, SocketAddress } from "node:net";

// A service on these is the machine itself, or the cloud's metadata: never what a private network range is meant to open.
const forbidden = ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "::1/128", "fe80::/10", "::/128"];

/** What is wrong with an entry of `allowed_ips`, an address or a range; undefined when nothing is. */
export function checkAllowedIp(entry: string): { message: string; instead: string } | undefined {
  const range = parse(entry);
  if (!range)
    return {
      message: `${JSON.stringify(entry)} is not an address or a range`,
      instead: "such as 10.0.0.5 or 10.0.0.0/8",
    };
  const hit = forbidden.find((other) => overlap(range, parse(other)));
  if (hit === undefined) return undefined;
  return {
    message: `${entry} reaches into ${hit}, which belongs to the machine itself`,
    instead: "a range of your private network",
  };
}

interface Range {
  readonly six: boolean;
  readonly first: bigint;
  readonly last: bigint;
}

function parse(entry: string): Range | undefined {
  const [address = "", prefix, ...more] = entry.split("/");
  if (isIP(address) === 0 || more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return undefined;
  const six = isIPv6(address);
  const bits = six ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits) return undefined;
  const size = 1n << BigInt(bits - length);
  const value = six ? sixteenBytes(address) : address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const first = (value / size) * size;
  // An IPv4 address in IPv6 clothes is that IPv4 address.
  if (six && first >> 32n === 0xffffn)
    return { six: false, first: first & 0xffff_ffffn, last: (first & 0xffff_ffffn) + size - 1n };
  return { six, first, last: first + size - 1n };
}

function sixteenBytes(address: string): bigint {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address.replace(/%.*$/, ""));
  const hex = (high?: string, low?: string) => ((Number(high) << 8) | Number(low)).toString(16);
  const text = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : address;
  const short = new SocketAddress({ address: text, family: "ipv6" }).address;
  const [left = "", right] = (short.includes(".") ? text : short).split("::");
  const groups = (side: string) => (side === "" ? [] : side.split(":"));
  const fill = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array<string>(fill).fill("0"), ...groups(right ?? "")];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function overlap(a: Range, b: Range | undefined): boolean {
  return b !== undefined && a.six === b.six && a.first <= b.last && b.first <= a.last;
}
