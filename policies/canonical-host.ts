import { isIP } from "node:net";

/**
 * The one spelling of a host: lower case, no trailing dot, an address in its usual form whatever notation it came in
 * (`0x7f.1`, `2130706433`, `[::ffff:7f00:1]` are all `127.0.0.1`). Nothing for what cannot be a host.
 */
export function canonicalHost(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (bare.includes(":")) {
    if (isIP(bare) !== 6 || bare.includes("%")) return undefined;
    return unmapped(new URL(`http://[${bare}]`).hostname.slice(1, -1));
  }
  if (bare !== text || !/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(bare) || bare.length > 254) return undefined;
  try {
    return new URL(`http://${bare}`).hostname.replace(/\.$/, "");
  } catch {
    return undefined; // looks like a number, and is no address: 256.1, 1.2.3.4.5
  }
}

// An IPv4 address in IPv6 clothes reaches the same machine.
function unmapped(address: string): string {
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!hex) return address;
  const [high, low] = [Number.parseInt(hex[1] ?? "", 16), Number.parseInt(hex[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
