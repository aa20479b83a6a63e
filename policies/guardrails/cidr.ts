import { BlockList, isIP } from "node:net";

/** What is wrong with a block of addresses, and the nearest one that is right. */
export interface CidrFault {
  readonly message: string;
  readonly instead: string;
}

/**
 * Checks a block of addresses in CIDR form; undefined when it is one.
 *
 * @example
 * cidrFault("203.0.113.7"); // { message: "… has no prefix length", instead: "203.0.113.7/32" }
 */
export function cidrFault(text: string): CidrFault | undefined {
  const shown = JSON.stringify(text);
  const [address = "", length, ...rest] = text.trim().split("/");
  // What Node takes for an address besides: one with the name of an interface.
  const family = address.includes("%") ? 0 : isIP(address);
  const bits = family === 4 ? 32 : 128;
  if (family === 0 || rest.length > 0) {
    return { message: `${shown} is not a block of addresses`, instead: "one such as 203.0.113.0/24" };
  }
  if (length === undefined) return { message: `${shown} has no prefix length`, instead: `${address}/${bits}` };
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return { message: `${shown} has no possible prefix length, 0 to ${bits}`, instead: `${address}/${bits}` };
  }
  // A cloud would store the block without its host bits, and every preview would show a difference.
  const first = networkOf(address, Number(length));
  if (!sameAddress(first, address, family)) {
    return {
      message: `${shown} names an address inside its block`,
      instead: `${first}/${length} or ${address}/${bits}`,
    };
  }
  const canonical = `${first}/${Number(length)}`;
  if (text === canonical) return undefined;
  const message =
    text === text.trim()
      ? `${shown} is not how it is written: a cloud stores another text`
      : `${shown} has spaces around it`;
  return { message, instead: canonical };
}

/** Whether a block is so large that it means everybody: 0.0.0.0/0, ::/0, and the halves and quarters of them. */
export function isEverybody(cidr: string): boolean {
  const [address = "", length = "0"] = cidr.trim().split("/");
  const family = isIP(address);
  return family !== 0 && Number(length) < (family === 4 ? 8 : 16);
}

function networkOf(address: string, length: number): string {
  const groups = isIP(address) === 4 ? address.split(".").map(Number) : groupsOf(address);
  const width = isIP(address) === 4 ? 8 : 16;
  const masked = groups.map((group, index) => {
    const kept = Math.min(width, Math.max(0, length - index * width));
    return group & ~((1 << (width - kept)) - 1);
  });
  if (width === 8) return masked.join(".");
  return new URL(`http://[${masked.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

function groupsOf(address: string): number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...middle, ...right].map((group) => Number.parseInt(group, 16));
}

function sameAddress(a: string, b: string, family: number): boolean {
  const list = new BlockList();
  list.addAddress(a, family === 4 ? "ipv4" : "ipv6");
  return list.check(b, family === 4 ? "ipv4" : "ipv6");
}
