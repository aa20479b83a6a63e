import http, { type IncomingMessage } from "node:http";
import net, { type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { canonicalHost } from "../../policies/canonical-host.ts";
import { forward } from "./forward.ts";
import type { Gate } from "./gate.ts";
import type { Entry } from "./journal.ts";
import { type ConnectionVerdict, judgeConnection } from "./judge.ts";
import { peerUid } from "./peer.ts";
import { readAuthority, type Tunnel } from "./read-request.ts";
import { refuseOn } from "./refusal.ts";
import { AddressRefused, check, open } from "./upstream.ts";
import { join, upgrade } from "./websocket.ts";

const handshakeMs = 15_000;
const idleMs = 900_000;
const tlsHandshake = 0x16;
// The wire form of the one protocol on offer: a length and the name.
const onlyHttp1 = Buffer.from("\x08http/1.1", "latin1");

/** The proxy's server, which is not listening yet. It speaks HTTP and nothing else. */
export function createProxy(gate: Gate): net.Server {
  const tunnels = new WeakMap<object, Tunnel>();
  const http1 = http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
  http1.setTimeout(idleMs);
  http1.on("request", (request, response) => void forward(gate, tunnels.get(request.socket), request, response));
  http1.on(
    "upgrade",
    (request, socket, head) => void upgrade(gate, tunnels.get(request.socket), request, socket, head),
  );
  http1.on("connect", (request, socket, head) => {
    if (tunnels.has(request.socket))
      return deny(gate, socket, 403, { reason: "a tunnel within a tunnel", method: "CONNECT" });
    void tunnel(gate, request, socket as Socket, head, (inner, to) => {
      tunnels.set(inner, to);
      http1.emit("connection", inner);
    });
  });
  http1.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const reason = `not HTTP: ${error.code ?? error.message}`;
    deny(gate, socket, 400, { ...tunnels.get(socket)?.destination, reason });
  });

  const server = net.createServer({ pauseOnConnect: true }, async (socket) => {
    socket.on("error", () => socket.destroy());
    const uid = await peerUid(socket);
    if (uid === undefined || !gate.uids.has(uid)) {
      return deny(gate, socket, 403, { reason: `user id ${uid ?? "unknown"} may not use this proxy` });
    }
    http1.emit("connection", socket);
    socket.resume();
  });
  server.maxConnections = 2048;
  return server;
}

function deny(gate: Gate, socket: Duplex, status: number, facts: Entry): void {
  const denied: Entry = { ...facts, decision: "deny" };
  gate.journal.egress(denied);
  socket.on("error", () => {});
  refuseOn(socket, status, status === 400 ? "not a request the gate forwards" : "denied by the network policy", denied);
}

type Inside = (socket: Duplex, tunnel: Tunnel) => void;

async function tunnel(gate: Gate, request: IncomingMessage, client: Socket, head: Buffer, inside: Inside) {
  client.on("error", () => client.destroy());
  const method = "CONNECT";
  const named = /:\d+$/.test(request.url ?? "") ? readAuthority(request.url ?? "", "https") : undefined;
  if (!named)
    return deny(gate, client, 400, { method, reason: `CONNECT ${request.url} does not name a host and a port` });
  const verdict = judgeConnection(gate.policy, named);
  const { inspected, ...facts }: ConnectionVerdict = verdict;
  if (verdict.decision === "deny") return deny(gate, client, 403, { ...named, method, ...facts });
  gate.connections.add(named, gate.policy, client);
  try {
    if (inspected) return await inspect(gate, named, client, head, inside);
    const checked = await check(gate.network, gate.policy, named);
    const server = await open(gate.network, checked);
    if (client.destroyed) return void server.destroy();
    gate.journal.egress({ ...named, method, ...facts });
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    join(client, server, head);
  } catch (error) {
    const reason = (error as Error).message;
    if (error instanceof AddressRefused)
      return deny(gate, client, 403, { ...named, method, policy: facts.policy, reason });
    gate.journal.event("egress-failed", { ...named, method, reason });
    refuseOn(client, 502, "the destination could not be reached", { ...named, method, reason });
  }
}

/** Opens a tunnel whose inside is HTTP, behind TLS or not, and handed to the same judge. */
async function inspect(gate: Gate, destination: Tunnel["destination"], client: Socket, head: Buffer, inside: Inside) {
  const context = await gate.authority.contextFor(destination.host);
  client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  const first = head.length > 0 ? head : await firstBytes(client);
  if (!first) return void client.destroy();
  client.unshift(first);
  if (first[0] !== tlsHandshake) {
    inside(client, { destination, scheme: "http" });
    client.resume();
    return;
  }
  const secure = new TLSSocket(client, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: onlyHttp1 as unknown as string[],
    SNICallback(name, done) {
      if (canonicalHost(name) === destination.host) return done(null, context);
      const reason = `TLS names ${name}, and the tunnel goes to ${destination.host}`;
      gate.journal.egress({ ...destination, decision: "deny", method: "CONNECT", reason });
      done(new Error(reason));
    },
  });
  const timer = setTimeout(() => secure.destroy(), handshakeMs);
  secure.once("secure", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  secure.on("error", () => secure.destroy());
  inside(secure, { destination, scheme: "https" });
}

async function firstBytes(socket: Socket): Promise<Buffer | undefined> {
  const timer = setTimeout(() => socket.destroy(), handshakeMs);
  const bytes = await new Promise<Buffer | undefined>((resolve) => {
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      resolve(chunk);
    });
    socket.once("close", () => resolve(undefined));
    socket.once("end", () => resolve(undefined));
    socket.resume();
  });
  clearTimeout(timer);
  return bytes;
}
