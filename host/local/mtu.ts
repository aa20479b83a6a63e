import { readFile } from "node:fs/promises";

/** Docker gives its networks this much whatever lies below. */
const dockersOwn = 1500;

/**
 * The packet size of this computer's way out, where it is smaller than Docker's. A container that sends larger packets then
 * depends on every hop telling it so, and behind a VPN or a second NAT its larger TLS handshakes are reset without a word.
 *
 * @returns undefined where Docker's own size fits, or where this cannot be known, as on macOS
 */
export async function smallerMtu(read = (path: string) => readFile(path, "utf8")): Promise<number | undefined> {
  try {
    const routes = (await read("/proc/net/route")).split("\n").map((line) => line.split(/\s+/));
    const device = routes.find(
      ([, destination, , , , , , mask]) => destination === "00000000" && mask === "00000000",
    )?.[0];
    const mtu = Number(await read(`/sys/class/net/${device}/mtu`));
    return mtu >= 576 && mtu < dockersOwn ? mtu : undefined;
  } catch {
    return undefined;
  }
}
