import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls, { type SecureContext } from "node:tls";
import { type Authority, openAuthority } from "../../services/egress-gate/authority.ts";
import type { Entry } from "../../services/egress-gate/journal.ts";
import { type GateStatus, type RunningGate, startGate } from "../../services/egress-gate/start.ts";
import type { Network } from "../../services/egress-gate/upstream.ts";

/** A name service and a network of loopback servers behind public addresses, with a gate in front of them. */
export interface GateWorld {
  readonly gate: RunningGate;
  readonly folder: string;
  readonly caCert: string;
  readonly routeSocket: string;
  /** Journal lines so far. */
  readonly lines: (Entry & { event: string; suppressed?: number })[];
  /** What servers were asked, as `METHOD host path`. */
  readonly asked: string[];
  /** Puts a policy in force; any text may be given. */
  setPolicy(blocks: object | string): void;
  status(): GateStatus;
  /** Names a server: what its name resolves to, and the port on loopback that stands for it. */
  place(name: string, addresses: string[], ports: Record<number, number>): void;
  close(): Promise<void>;
}

/** The public address that tests give to servers unless they say otherwise. */
export const publicAddress = "93.184.215.14";

/** One endpoint as a policy block. */
export function block(...endpoints: object[]): object {
  return { test: { endpoints } };
}

/** Starts a world: `api.example.com` and `other.example.com` answer on 80 (plain), 443 (TLS), 8443 (TLS of a stranger) and 9000 (raw echo). */
export async function startWorld(uids: readonly number[] = [process.getuid?.() ?? 0]): Promise<GateWorld> {
  const folder = mkdtempSync(join(tmpdir(), "gate-test-"));
  const lines: GateWorld["lines"] = [];
  const asked: string[] = [];
  const names = new Map<string, string[]>();
  const ports = new Map<string, number>();
  const upstreamCa = await openAuthority(join(folder, "upstream-ca"), join(folder, "upstream.crt"));
  const strangeCa = await openAuthority(join(folder, "strange-ca"), join(folder, "strange.crt"));
  const servers = [
    await plainServer(asked),
    await tlsServer(asked, upstreamCa),
    await tlsServer(asked, strangeCa),
    await echoServer(),
  ] as const;
  const [plain, secure, strange, echo] = servers;

  const network: Network = {
    resolve: async (host) => {
      const found = names.get(host);
      if (!found) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
      return found;
    },
    // The addresses are real ones; only where they lead is played.
    dial: ({ addresses, port }) => connect(ports.get(`${addresses[0]}:${port}`) ?? 1, "127.0.0.1"),
    authorities: [upstreamCa.certificate],
  };
  const policy = join(folder, "policy.json");
  const setText = (blocks: object | string) =>
    writeFileSync(
      policy,
      typeof blocks === "string" ? blocks : JSON.stringify({ version: 1, network_policies: blocks }),
    );
  setText({});
  const caCert = join(folder, "ca.crt");
  const routeSocket = join(folder, "route.sock");
  const status = join(folder, "gate.json");
  const gate = await startGate({
    ...{ policy, port: 0, route: routeSocket, status, caDir: join(folder, "ca"), caCert, uids, network },
    journal: { quietMs: 0 },
    write: (line) => lines.push(JSON.parse(line)),
  });
  const world: GateWorld = {
    ...{ gate, folder, caCert, routeSocket, lines, asked },
    setPolicy(blocks) {
      setText(blocks);
      gate.reload();
    },
    status: () => JSON.parse(readFileSync(status, "utf8")),
    place(name, addresses, leads) {
      names.set(name, addresses);
      for (const address of addresses) {
        for (const [port, local] of Object.entries(leads)) ports.set(`${address}:${port}`, local);
      }
    },
    async close() {
      await gate.close();
      for (const { server, sockets } of servers) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
      rmSync(folder, { recursive: true });
    },
  };
  const leads = {
    80: portOf(plain.server),
    443: portOf(secure.server),
    8443: portOf(strange.server),
    9000: portOf(echo.server),
  };
  world.place("api.example.com", [publicAddress], leads);
  world.place("other.example.com", ["93.184.215.15"], leads);
  return world;
}

/** A server on loopback, with its connections so that it can be ended at once. */
export interface Served {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** Starts a server on a free loopback port. */
export async function serve(server: Server): Promise<Served> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, sockets };
}

/** The port a server listens on. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function answering(asked: string[]): http.Server {
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => {
      if (request.url === "/sse") return void events(response);
      if (request.url === "/hang") return;
      const body = JSON.stringify({ url: request.url, method: request.method, headers: request.headers, size });
      response.writeHead(200, { "content-type": "application/json", connection: "keep-alive" }).end(body);
    });
  });
  // A WebSocket as far as the gate is concerned: the handshake, then every byte comes back.
  server.on("upgrade", (request, socket, head) => {
    asked.push(`UPGRADE ${request.headers.host} ${request.url}`);
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.write(head);
    socket.pipe(socket);
  });
  return server;
}

// Each event waits for the one before to be asked about, so that a proxy that collects them all never gets an end.
function events(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  let count = 0;
  const next = () => {
    response.write(`data: ${++count}\n\n`);
    if (count < 3) setTimeout(next, 50);
    else response.end();
  };
  next();
}

async function plainServer(asked: string[]): Promise<Served> {
  return serve(answering(asked));
}

async function tlsServer(asked: string[], authority: Authority): Promise<Served> {
  const inner = answering(asked);
  const server = tls.createServer({
    SNICallback: (name, done) => {
      authority.contextFor(name).then((context: SecureContext) => done(null, context), done);
    },
  });
  server.on("secureConnection", (socket) => inner.emit("connection", socket));
  server.on("tlsClientError", () => {});
  return serve(server);
}

async function echoServer(): Promise<Served> {
  return serve(createServer((socket) => socket.pipe(socket)));
}
