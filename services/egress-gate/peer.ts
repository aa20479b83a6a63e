import { readFile } from "node:fs/promises";
import { isIP, type Socket } from "node:net";

/**
 * The user id behind a connection that comes from this machine, or nothing when the kernel does not list it.
 *
 * @param tables the kernel's socket tables, as text
 */
export function uidOf(client: End, server: End, tables: readonly string[]): number | undefined {
  const wanted = new Set(spellings(client).flatMap((local) => spellings(server).map((remote) => `${local} ${remote}`)));
  for (const table of tables) {
    for (const line of table.split("\n").slice(1)) {
      const [, local = "", remote = "", state, , , , uid] = line.trim().split(/\s+/);
      if (state !== timeWait && wanted.has(`${local} ${remote}`)) return Number(uid);
    }
  }
  return undefined;
}

/** One end of a connection. */
export interface End {
  readonly address: string;
  readonly port: number;
}

/** The user id behind an accepted connection, or nothing when it cannot be told. */
export async function peerUid(socket: Socket): Promise<number | undefined> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return undefined;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "latin1").catch(() => "")),
  );
  return uidOf({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort }, tables);
}

// In this state the kernel has forgotten the user and says 0.
const timeWait = "06";

// The tables show addresses as the machine's own 32-bit words in hex; every machine we support is little-endian.
function spellings({ address, port }: End): string[] {
  const four = address.replace(/^::ffff:/i, "");
  if (isIP(four) !== 4) return [];
  const hex = four
    .split(".")
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
    .join("");
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return [`${hex}${end}`, `0000000000000000FFFF0000${hex}${end}`];
}
