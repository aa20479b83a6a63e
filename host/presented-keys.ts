import ssh2, { type ServerHostKeyAlgorithm } from "ssh2";
import { HostError } from "./errors.ts";
import { fingerprint } from "./host-keys.ts";
import { type Destination, openWire } from "./reach.ts";

/** A host key as a server presented it; nobody has vouched for it. */
export interface PresentedKey {
  /** `ssh-ed25519 AAAA…`: what a configuration takes. */
  readonly line: string;
  /** `ssh-ed25519 SHA256:…`: what `ssh-keygen -l` prints, for a person to compare. */
  readonly fingerprint: string;
}

/** By type, the one to prefer first. */
const types: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
];

/** What is on the way to it, which is logged in to where it is a jump host. */
type Way = Pick<Destination, "via" | "privateKey" | "agentSocket">;

/**
 * The host keys of an SSH server, one of each type. Nothing is sent to it and nobody logs in: it is asked for a key, and
 * hung up on.
 *
 * @throws HostError of kind `unreachable` when nothing answers, or what answers is not an SSH server; from a jump host on
 * the way `host-key` or `auth` too
 */
export async function presentedKeys(
  address: string,
  port: number,
  { timeoutMs = 10_000, ...way }: Way & { readonly timeoutMs?: number } = {},
): Promise<PresentedKey[]> {
  const keys: PresentedKey[] = [];
  for (const type of types) {
    const blob = await ask({ address, port, user: "nobody", ...way }, type, timeoutMs);
    if (blob) keys.push(describe(blob));
  }
  if (keys.length > 0) return keys;
  throw new HostError("unreachable", {
    summary: `${address}:${port} showed no host key of a type this project takes`,
    try: "on the machine: ls /etc/ssh/ssh_host_*_key.pub; make one with ssh-keygen -A",
  });
}

function describe(blob: Buffer): PresentedKey {
  const shown = fingerprint(blob);
  return { line: `${shown.split(" ")[0]} ${blob.toString("base64")}`, fingerprint: shown };
}

async function ask(
  destination: Destination,
  type: ServerHostKeyAlgorithm,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  const { address, port, user } = destination;
  const where = `${address}:${port}`;
  const wire = await openWire(destination, timeoutMs).catch((cause: unknown) => {
    // A jump host speaks for itself; of the machine, nobody's name is worth telling.
    if (!(cause instanceof HostError) || destination.via) throw cause;
    const hint = "check the name and the port; try it from where the machine lets SSH in";
    throw new HostError("unreachable", { ...cause.details, summary: `${where} cannot be reached`, try: hint });
  });
  const client = new ssh2.Client();
  try {
    return await new Promise((resolve, reject) => {
      let key: Buffer | undefined;
      client.on("error", (error: Error) => {
        if (key || /no matching host key/i.test(error.message)) return resolve(key);
        reject(new HostError("unreachable", { summary: `${where} does not speak SSH`, said: error.message }));
      });
      client.on("close", () => resolve(key));
      client.connect({
        sock: wire.stream,
        username: user,
        algorithms: { serverHostKey: [type] },
        readyTimeout: timeoutMs,
        hostVerifier: (presented: Buffer) => {
          key = presented;
          return false;
        },
      });
    });
  } finally {
    client.destroy();
    wire.close();
  }
}
