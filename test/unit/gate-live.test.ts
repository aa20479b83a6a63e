import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { uidOf } from "../../services/egress-gate/peer.ts";
import { startRoute } from "../../services/inference-route/start.ts";
import { eventually, handshake, inTunnel, raw, tunnel, viaProxy } from "../support/gate-clients.ts";
import { block, type GateWorld, portOf, serve, startWorld } from "../support/gate-world.ts";

let world: GateWorld;
let port: number;

beforeEach(async () => {
  world = await startWorld();
  port = world.gate.port;
});
afterEach(() => world.close());

const whole = (host: string, at: number) => ({ host, port: at });
const ruled = (host: string, at: number, access = "full") => ({ host, port: at, protocol: "rest", access });

describe("a new policy", () => {
  test("takes effect on the next request, both ways", async () => {
    const get = async () => (await viaProxy(port, "http://api.example.com/")).status;
    expect(await get()).toBe(403);
    world.setPolicy(block(whole("api.example.com", 80)));
    expect(await get()).toBe(200);
    world.setPolicy({});
    expect(await get()).toBe(403);
  });

  test.each([
    ["removed", {}],
    ["given rules", block(ruled("api.example.com", 9000))],
  ])("cuts the tunnel of an endpoint that was %s, and no other", async (_what, next) => {
    const other = { other: { endpoints: [whole("other.example.com", 9000)] } };
    world.setPolicy({ ...block(whole("api.example.com", 9000)), ...other });
    const { socket: cut } = await tunnel(port, "api.example.com:9000");
    const { socket: kept } = await tunnel(port, "other.example.com:9000");
    const closed = new Promise((resolve) => cut.once("close", resolve));
    world.setPolicy({ ...next, ...other });
    await closed;
    const back = new Promise((resolve) => kept.once("data", resolve));
    kept.write("still here");
    expect(String(await back)).toBe("still here");
    kept.destroy();
  });

  test("cuts requests in flight, in absolute form, in a tunnel and behind TLS", async () => {
    world.setPolicy(block(ruled("api.example.com", 80), ruled("api.example.com", 443)));
    const ca = readFileSync(world.caCert, "utf8");
    const hanging = [
      viaProxy(port, "http://api.example.com/hang"),
      tunnel(port, "api.example.com:80").then(({ socket }) =>
        inTunnel(socket, { host: "api.example.com", path: "/hang" }),
      ),
      tunnel(port, "api.example.com:443").then(({ socket }) =>
        inTunnel(socket, { ca, host: "api.example.com", path: "/hang" }),
      ),
    ];
    const ends = hanging.map((request) =>
      request.then(
        () => "answered",
        () => "cut",
      ),
    );
    await eventually("three requests arrive", () => world.asked.length === 3);
    world.setPolicy({});
    expect(await Promise.all(ends)).toEqual(["cut", "cut", "cut"]);
  });

  test("cuts an idle kept-alive connection behind TLS", async () => {
    world.setPolicy(block(ruled("api.example.com", 443)));
    const { socket } = await tunnel(port, "api.example.com:443");
    const secure = await handshake(socket, readFileSync(world.caCert, "utf8"), "api.example.com");
    const closed = new Promise((resolve) => secure.once("close", resolve));
    world.setPolicy(block(ruled("api.example.com", 443, "read-only")));
    await closed;
  });

  test.each([
    ["not JSON", "{"],
    ["another version", '{"version":2,"network_policies":{}}'],
    [
      "a field that cannot be kept",
      JSON.stringify({
        version: 1,
        network_policies: block({ host: "a.b", port: 1, protocol: "graphql", access: "full" }),
      }),
    ],
    ["an unknown field", JSON.stringify({ version: 1, network_policies: block({ host: "a.b", port: 1, hots: 1 }) })],
    ["the route's own name", JSON.stringify({ version: 1, network_policies: block(whole("inference.local", 80)) })],
    [
      "a wildcard over the route's name",
      JSON.stringify({ version: 1, network_policies: block(whole("infer*.local", 80)) }),
    ],
    [
      "rules and access",
      JSON.stringify({
        version: 1,
        network_policies: block({ ...ruled("a.b", 1), rules: [{ allow: { method: "GET", path: "/" } }] }),
      }),
    ],
  ])("that is bad (%s) is refused, and the old one stays", async (_what, text) => {
    world.setPolicy(block(whole("api.example.com", 80)));
    const before = world.status();
    world.setPolicy(text);
    expect((await viaProxy(port, "http://api.example.com/")).status).toBe(200);
    expect(world.status()).toMatchObject({ policySha256: before.policySha256, loadedAt: before.loadedAt });
    expect(world.status().error).toBeTruthy();
    world.setPolicy(block(whole("api.example.com", 80)));
    expect(world.status().error).toBeUndefined();
  });

  test("shows in the status file", async () => {
    world.setPolicy(block(whole("api.example.com", 9000)));
    const bytes = readFileSync(join(world.folder, "policy.json"));
    expect(world.status().policySha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    const { socket } = await tunnel(port, "api.example.com:9000");
    await eventually("the tunnel is counted", () => world.status().tunnels === 1);
    socket.destroy();
    await eventually("the tunnel is gone", () => world.status().tunnels === 0);
  });
});

describe("enforcement: audit", () => {
  test("lets what no rule allows pass, and writes it down", async () => {
    world.setPolicy(block({ ...ruled("api.example.com", 80, "read-only"), enforcement: "audit" }));
    expect((await viaProxy(port, "http://api.example.com/x", { method: "POST" })).status).toBe(200);
    expect(world.lines.at(-1)).toMatchObject({ event: "egress", decision: "audit", method: "POST", path: "/x" });
  });
});

describe("who may use the port", () => {
  test("the user behind a connection is looked up", async () => {
    const me = process.getuid?.() ?? 0;
    const closed = await startWorld([me + 1]);
    const answer = await raw(closed.gate.port, "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(closed.lines.at(-1)).toMatchObject({ decision: "deny", reason: `user id ${me} may not use this proxy` });
    await closed.close();
  });

  const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const row = (local: string, remote: string, state: string, uid: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 1 1 0 20 4 30 10 -1`;
  const client = { address: "127.0.0.1", port: 40000 };
  const server = { address: "127.0.0.1", port: 17871 };
  const [own, theirs] = ["0100007F:9C40", "0100007F:45CF"];

  test.each([
    ["the client's end", [row(own, theirs, "01", 997)], 997],
    ["not the gate's own end", [row(theirs, own, "01", 996)], undefined],
    ["not what is over", [row(own, theirs, "06", 0)], undefined],
    ["mapped addresses", [row(`0000000000000000FFFF0000${own}`, `0000000000000000FFFF0000${theirs}`, "01", 5)], 5],
    ["nothing", [], undefined],
  ])("%s is taken from the kernel's table", (_what, rows, uid) => {
    expect(uidOf(client, server, [[header, ...rows].join("\n")])).toBe(uid);
  });
});

describe("a server that does not keep to HTTP", () => {
  const end = "Connection: close\r\n\r\n";
  test.each([
    ["nothing", ""],
    ["noise", "\x16\x03\x01 not http"],
    ["a status that is none", `HTTP/1.1 099 Odd\r\n${end}`],
    ["an odd reason", `HTTP/1.1 200 \x01\x7f\r\n${end}`],
    ["an upgrade nobody asked for", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
    ["two lengths", `HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n${end}ab`],
    ["a header in a header", `HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n${end}`],
    ["half a body", `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n${end}ab`],
  ])("%s: the caller gets an end, and the gate goes on", async (_what, bytes) => {
    const odd = await serve(
      createServer((socket) => {
        socket.once("data", () => socket.end(Buffer.from(bytes, "latin1")));
      }),
    );
    world.place("odd.example.com", ["93.184.215.16"], { 80: portOf(odd.server) });
    world.setPolicy(block(whole("odd.example.com", 80), whole("api.example.com", 80)));
    const status = await viaProxy(port, "http://odd.example.com/").then(
      (reply) => reply.status,
      () => "cut",
    );
    expect([200, 502, "cut"]).toContain(status);
    expect((await viaProxy(port, "http://api.example.com/")).status).toBe(200);
    odd.server.close();
  });
});

describe("inference.local", () => {
  const config = (baseUrl: string) => JSON.stringify({ baseUrl, model: "the-model" });

  test("is served by the route, streams piece by piece, and takes nothing else", async () => {
    let release: () => void = () => {};
    const upstream = http.createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
      release = () => response.end("data: last\n\n");
    });
    const served = await serve(upstream);
    const path = join(world.folder, "route.json");
    writeFileSync(path, config(`http://127.0.0.1:${portOf(served.server)}/v1`));
    const route = await startRoute({
      config: path,
      socket: world.routeSocket,
      status: join(world.folder, "r.json"),
      write: () => {},
    });

    const { socket } = await tunnel(port, "inference.local:80");
    let text = "";
    socket.on("data", (chunk) => (text += chunk));
    const body = "{}";
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: inference.local\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    // The upstream goes on only after the first piece has come all the way.
    await eventually("the first piece", () => text.includes("data: first"));
    release();
    await eventually("the last piece", () => text.includes("data: last"));
    socket.destroy();

    expect((await viaProxy(port, "http://inference.local/v1/models")).body.data[0].id).toBe("the-model");
    for (const [method, url] of [
      ["GET", "http://inference.local/v1/chat/completions"],
      ["POST", "http://inference.local/v1/files"],
      ["GET", "http://inference.local/healthz"],
      ["GET", "http://inference.local:81/v1/models"],
      ["GET", "http://inference.local/v1/models/../files"],
    ] as const) {
      expect((await viaProxy(port, url, { method })).status, url).toBe(403);
    }
    await route.close();
    served.server.close();
  });

  test("answers 400 at once where the route is not there", async () => {
    const reply = await viaProxy(port, "http://inference.local/v1/models");
    expect(reply.status).toBe(400);
  });
});

describe("WebSocket", () => {
  const handshakeText =
    "GET /ws HTTP/1.1\r\nHost: api.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  // Masked with zeros, so that the payload can be read in the test.
  const text = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  const binary = Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69]);

  async function opened(endpoint: object) {
    world.setPolicy(block({ host: "api.example.com", port: 80, ...endpoint }));
    const { socket } = await tunnel(port, "api.example.com:80");
    let got = Buffer.alloc(0);
    let closed = false;
    socket.on("data", (chunk: Buffer) => (got = Buffer.concat([got, chunk])));
    socket.on("close", () => (closed = true));
    socket.write(handshakeText);
    await eventually("an answer", () => got.includes("\r\n\r\n"));
    return { socket, got: () => got, closed: () => closed };
  }

  test("rules that allow the upgrade let it through, both ways", async () => {
    const { socket, got } = await opened({ protocol: "rest", rules: [{ allow: { method: "GET", path: "/ws" } }] });
    expect(String(got())).toMatch(/^HTTP\/1\.1 101 /);
    socket.write(text);
    await eventually("the echo", () => got().includes("hi"));
    socket.destroy();
  });

  test("rules that do not refuse it", async () => {
    const { got } = await opened({ protocol: "rest", rules: [{ allow: { method: "GET", path: "/other" } }] });
    expect(String(got())).toMatch(/^HTTP\/1\.1 403 /);
    expect(world.asked).toEqual([]);
  });

  test("with read-only, text messages are stopped and others pass", async () => {
    const { socket, got, closed } = await opened({ protocol: "websocket", access: "read-only" });
    socket.write(binary.subarray(0, 3));
    socket.write(binary.subarray(3));
    await eventually("the echo", () => got().includes("hi"));
    const before = got().length;
    socket.write(text);
    await eventually("the end", closed);
    expect([...got().subarray(before)]).toEqual([0x88, 0x02, 0x03, 0xf0]);
    expect(world.lines.at(-1)).toMatchObject({ decision: "deny", method: "WEBSOCKET_TEXT", path: "/ws" });
  });

  test("with read-write, text messages pass", async () => {
    const { socket, got } = await opened({ protocol: "websocket", access: "read-write" });
    socket.write(text);
    await eventually("the echo", () => got().includes("hi"));
    socket.destroy();
  });

  test("a WebSocket is cut with its endpoint", async () => {
    const { closed } = await opened({ protocol: "websocket", access: "full" });
    world.setPolicy({});
    await eventually("the end", closed);
  });

  test("a server that answers without a WebSocket, or not at all, leaves nobody waiting", async () => {
    for (const [bytes, expected] of [
      ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", /^HTTP\/1\.1 200 [\s\S]*no$/],
      ["", /^HTTP\/1\.1 502 /],
    ] as const) {
      const odd = await serve(createServer((socket) => void socket.once("data", () => socket.end(bytes))));
      world.place("api.example.com", ["93.184.215.17"], { 80: portOf(odd.server) });
      const { got, closed } = await opened({ protocol: "rest", access: "full" });
      await eventually("the end", closed);
      expect(String(got())).toMatch(expected);
      odd.server.close();
    }
  });

  test("an endpoint for WebSockets takes no other request", async () => {
    world.setPolicy(block({ host: "api.example.com", port: 80, protocol: "websocket", access: "full" }));
    const reply = await viaProxy(port, "http://api.example.com/ws");
    expect(reply.body.reason).toMatch(/WebSocket connections only/);
  });
});

describe("the gate's own authority", () => {
  test("keeps its key to itself and its certificate open", () => {
    expect(statSync(join(world.folder, "ca", "ca.key")).mode & 0o777).toBe(0o600);
    expect(statSync(world.caCert).mode & 0o777).toBe(0o644);
    expect(readFileSync(world.caCert, "utf8")).not.toContain("PRIVATE");
  });
});
