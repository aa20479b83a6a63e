import { lookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { refuseAddress } from "../../policies/reachable-address.ts";
import { trustedAuthorities } from "../trusted-authorities.ts";
import { addressesOf, type Destination } from "./judge.ts";
import type { Policy } from "./policy.ts";

/** A destination that the policy allows by name, and whose addresses it does not. */
export class AddressRefused extends Error {}

/** A destination with the addresses that were checked; nothing else is ever dialled. */
export interface Checked extends Destination {
  readonly addresses: readonly string[];
}

/** How the gate reaches the world. Tests put their own in place. */
export interface Network {
  resolve(host: string): Promise<readonly string[]>;
  dial(destination: Checked): Socket;
  /** Authorities trusted for upstream TLS. */
  readonly authorities: readonly string[];
}

const connectMs = 30_000;

/** The machine's own resolver, its network, and the authorities it and `NODE_EXTRA_CA_CERTS` trust. */
export function realNetwork(): Network {
  return {
    async resolve(host) {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    },
    dial: ({ host, port, addresses }) =>
      connect({
        host,
        port,
        lookup: (_host, _options, done) =>
          done(
            null,
            addresses.map((address) => ({ address, family: isIP(address) })),
          ),
      }),
    authorities: trustedAuthorities(),
  };
}

/**
 * The addresses of a destination. One that may not be reached refuses them all: a resolver that mixes them in is not to be
 * trusted with the rest.
 *
 * @throws AddressRefused, or the resolver's error
 */
export async function check(network: Network, policy: Policy, destination: Destination): Promise<Checked> {
  const { host } = destination;
  const addresses = isIP(host) === 0 ? await network.resolve(host) : [host];
  const { allowedIps, named } = addressesOf(policy, destination);
  for (const address of addresses) {
    const refusal = refuseAddress(address, allowedIps, named);
    if (refusal) throw new AddressRefused(isIP(host) === 0 ? `${host} resolves to ${address}: ${refusal}` : refusal);
  }
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return { ...destination, addresses };
}

/** Dials a checked destination; the socket is connected when the promise resolves. */
export async function open(network: Network, destination: Checked): Promise<Socket> {
  const socket = dial(network, destination);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before it was connected")));
  });
  return socket;
}

function dial(network: Network, destination: Checked): Socket {
  const socket = network.dial(destination);
  const timer = setTimeout(() => socket.destroy(new Error("no connection within 30 s")), connectMs);
  socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  return socket.setNoDelay(true);
}

/** Connections to upstream servers that wait for the next request. */
export interface Pool {
  agent(scheme: "http" | "https"): http.Agent;
  /** What a request must carry for its connection to be dialled. */
  options(destination: Checked): http.RequestOptions;
  /** Closes what is idle. */
  drain(): void;
}

type Dialled = http.RequestOptions & { checked: Checked };

/** A pool that dials only checked addresses, and reuses a connection only where the same addresses were checked. */
export function pool(network: Network): Pool {
  const settings = { keepAlive: true, maxFreeSockets: 16, timeout: 0 };
  const name = (agent: http.Agent, options: Dialled) =>
    `${http.Agent.prototype.getName.call(agent, options)}|${[...options.checked.addresses].sort().join()}`;

  const plain = new http.Agent(settings);
  plain.getName = (options) => name(plain, options as Dialled);
  plain.createConnection = (options) => dial(network, (options as Dialled).checked);

  const secure = new https.Agent(settings);
  secure.getName = (options) => name(secure, options as unknown as Dialled);
  secure.createConnection = (options): Duplex => {
    const { checked } = options as unknown as Dialled;
    return tls.connect({
      socket: dial(network, checked),
      ALPNProtocols: ["http/1.1"],
      ca: [...network.authorities],
      host: checked.host,
      ...(isIP(checked.host) === 0 ? { servername: checked.host } : {}),
    });
  };
  return {
    agent: (scheme) => (scheme === "https" ? secure : plain),
    options: (checked) => ({ host: checked.host, port: checked.port, checked }) as http.RequestOptions,
    drain() {
      for (const socket of [plain, secure].flatMap(({ freeSockets }) => Object.values(freeSockets)).flat()) {
        socket?.destroy();
      }
    },
  };
}
