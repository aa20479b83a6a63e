import ssh2, { type Client } from "ssh2";
import { HostError } from "./errors.ts";
import { fingerprint, pinnedKeys } from "./host-keys.ts";
import type { Wire } from "./socket.ts";

/** One SSH server, how to prove oneself to it, and how it must prove itself. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: readonly string[];
  readonly privateKey?: string;
  readonly agentSocket?: string;
}

/** `user@address:port`, as it stands in errors. */
export function placeOf({ user, address, port }: Pick<Endpoint, "user" | "address" | "port">): string {
  return `${user}@${address}${port === 22 ? "" : `:${port}`}`;
}

/** How a server that is gone without a word is found out: asked so often, and given up after so many questions without an answer. */
export interface Keepalive {
  readonly intervalMs: number;
  readonly unanswered: number;
}

const aMinute: Keepalive = { intervalMs: 15_000, unanswered: 4 };

/** A failure to reach a machine that may only mean that it is not up yet. */
export class NotUpYet extends HostError {}

/**
 * One attempt to log in over an open wire. Nothing is sent to a server whose host key is not a pinned one.
 *
 * @throws NotUpYet when the server went away before it said anything, or lets nobody in while it boots
 * @throws HostError of kind `host-key`, `auth` or `unreachable`
 */
export function logIn(
  endpoint: Endpoint,
  wire: Wire,
  timeoutMs: number,
  { intervalMs, unanswered }: Keepalive = aMinute,
): Promise<Client> {
  const where = placeOf(endpoint);
  const pinned = pinnedKeys(endpoint.hostKeys, where);
  const client = new ssh2.Client();
  const seen = { banner: false, greeting: "", presented: undefined as Buffer | undefined, refused: false, agent: "" };

  return new Promise((resolve, reject) => {
    const fail = (cause?: Error & { level?: string }) => {
      client.destroy();
      void wire.said().then((said) => {
        reject(explain(endpoint, said, pinned.fingerprints, seen, cause));
        wire.close();
      });
    };
    wire.stream.once("data", () => {
      seen.banner = true;
    });
    client.on("banner", (text) => {
      seen.greeting += text;
    });
    client.once("ready", () => {
      client.removeAllListeners("error");
      // Whoever waits on a channel is told by the channel's end; an error event without a listener would end the process.
      client.on("error", () => {});
      client.once("close", () => wire.close());
      resolve(client);
    });
    client.on("error", (error: Error & { level?: string }) => {
      // The agent is one of the ways to log in; the client goes on to the next and reports its own end.
      if (error.level === "agent") seen.agent = error.message;
      else fail(error);
    });
    client.once("close", () => fail());

    client.connect({
      sock: wire.stream,
      username: endpoint.user,
      privateKey: endpoint.privateKey,
      agent: endpoint.agentSocket,
      // Not "none" first: that costs a round trip and never lets anybody in.
      authHandler: [
        ...(endpoint.privateKey ? ["publickey" as const] : []),
        ...(endpoint.agentSocket ? ["agent" as const] : []),
      ],
      algorithms: { serverHostKey: pinned.algorithms },
      hostVerifier: (key: Buffer) => {
        seen.presented = key;
        seen.refused = !pinned.accepts(key);
        return !seen.refused;
      },
      readyTimeout: timeoutMs,
      keepaliveInterval: intervalMs,
      keepaliveCountMax: unanswered,
    });
  });
}

/**
 * Checks a private key before anything is dialled.
 *
 * @throws HostError of kind `auth` when it cannot be used; the key is not in the error
 */
export function checkPrivateKey(endpoint: Endpoint): void {
  if (!endpoint.privateKey) return;
  const key = ssh2.utils.parseKey(endpoint.privateKey);
  if (!(key instanceof Error) && !(Array.isArray(key) ? key[0] : key).isPrivateKey?.()) {
    throw unusable(endpoint, "it is a public key");
  }
  if (key instanceof Error) throw unusable(endpoint, key.message);
}

function unusable(endpoint: Endpoint, said: string): HostError {
  return new HostError("auth", {
    summary: `the private key for ${placeOf(endpoint)} cannot be used`,
    said,
    try: "give an unencrypted OpenSSH or PEM private key, or the socket of an agent that holds it",
  });
}

interface Seen {
  readonly banner: boolean;
  readonly greeting: string;
  readonly presented?: Buffer | undefined;
  readonly refused: boolean;
  readonly agent: string;
}

function explain(
  endpoint: Endpoint,
  carrier: string,
  pinned: string,
  seen: Seen,
  cause?: Error & { level?: string },
): HostError {
  const where = placeOf(endpoint);
  const said = [cause?.message, seen.greeting.trim(), carrier].filter(Boolean).join("\n");

  if (seen.refused || /no matching host key/i.test(said)) {
    return new HostError("host-key", {
      summary: `${where} did not prove to be the pinned machine; nothing was sent to it`,
      said: `pinned    ${pinned}\npresented ${seen.presented ? fingerprint(seen.presented) : "no key of a pinned type"}`,
      try: "compare with /etc/ssh/ssh_host_*_key.pub on the machine's console; change `hostKeys` only if the machine was really made anew",
      cause,
    });
  }
  // pam_nologin lets nobody but root in until the machine has booted, whatever the key.
  if (/booting up|going down|not permitted to log in yet/i.test(seen.greeting)) {
    return new NotUpYet("unreachable", { summary: `${where} is still booting and lets nobody in`, said, cause });
  }
  if (cause?.level === "client-authentication" || /too many authentication failures/i.test(said)) {
    return new HostError("auth", {
      summary: `${where} refused the key`,
      said: [said, seen.agent && `agent: ${seen.agent}`].filter(Boolean).join("\n"),
      try: `check that the public half is in ~${endpoint.user}/.ssh/authorized_keys on the machine`,
      cause,
    });
  }
  const summary = seen.banner
    ? `${where} closed the connection while logging in`
    : `${where} closed the connection before saying anything`;
  const details = {
    summary: cause?.level === "client-timeout" ? `${where} did not answer in time` : summary,
    said,
    cause,
  };
  const early = !seen.banner || cause?.level === "client-timeout";
  return early ? new NotUpYet("unreachable", details) : new HostError("unreachable", details);
}
