import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually, inTunnel, program, raw, tunnel, viaProxy } from "../support/gate-clients.ts";
import { block, type GateWorld, startWorld } from "../support/gate-world.ts";

const rules = (...paths: string[]) => paths.map((path) => ({ allow: { method: "GET", path } }));
const onlyYes = (port: number) => ({ host: "api.example.com", port, protocol: "rest", rules: rules("/yes", "/sse") });

let world: GateWorld;
let port: number;
let ca: string;

beforeAll(async () => {
  world = await startWorld();
  port = world.gate.port;
  ca = readFileSync(world.caCert, "utf8");
});
afterAll(() => world.close());
beforeEach(() => {
  world.setPolicy(block(onlyYes(80), onlyYes(443), { host: "api.example.com", port: 9000 }));
  world.lines.length = 0;
  world.asked.length = 0;
});

/** Nothing that was refused may have reached a server. */
function refused(status: number, reason: RegExp) {
  expect(status).toBe(403);
  expect(world.asked).toEqual([]);
  expect(world.lines.find((line) => line.decision === "deny")?.reason).toMatch(reason);
}

describe("absolute form", () => {
  test("an allowed request gets through, a forbidden one is refused with the reason", async () => {
    const yes = await viaProxy(port, "http://api.example.com/yes?token=secret");
    expect(yes.status).toBe(200);
    expect(yes.body.url).toBe("/yes?token=secret");
    world.asked.length = 0;
    const no = await viaProxy(port, "http://api.example.com/no");
    expect(no.body).toMatchObject({ host: "api.example.com", port: 80, method: "GET", path: "/no", policy: "test" });
    expect(no.body.reason).toMatch(/no rule of test allows GET \/no/);
    refused(no.status, /no rule of test allows GET \/no/);
    expect(JSON.stringify(world.lines)).not.toContain("secret");
  });

  test.each([
    ["another method", "http://api.example.com/yes", "POST"],
    ["another host", "http://other.example.com/yes", "GET"],
    ["another port of an allowed host", "http://api.example.com:8080/yes", "GET"],
    ["a step up", "http://api.example.com/yes/../no", "GET"],
    ["an encoded step up", "http://api.example.com/yes/%2e%2e/no", "GET"],
    ["a half encoded step up", "http://api.example.com/yes/.%2E/no", "GET"],
    ["an encoded slash", "http://api.example.com/yes%2F..%2Fno", "GET"],
    ["a name that only ends like it", "http://evilapi.example.com/yes", "GET"],
    ["a name that only begins like it", "http://api.example.com.evil.test/yes", "GET"],
  ])("%s is refused", async (_what, url, method) => {
    refused((await viaProxy(port, url, { method })).status, /./);
  });

  test.each([
    ["capitals", "http://API.Example.COM/yes"],
    ["a harmless encoding", "http://api.example.com/%79es"],
    ["double slashes", "http://api.example.com//yes"],
  ])("%s mean the same and get through in the one spelling", async (_what, url) => {
    expect((await viaProxy(port, url)).status).toBe(200);
    expect(world.asked).toEqual(["GET api.example.com /yes"]);
  });

  test("a trailing dot is no spelling of a host that rules know", async () => {
    expect((await viaProxy(port, "http://api.example.com./yes")).status).toBe(400);
    expect((await tunnel(port, "api.example.com.:443")).answer).toMatch(/ 400 /);
    expect(world.asked).toEqual([]);
  });

  test("Host must name the place the request goes to", async () => {
    const reply = await viaProxy(port, "http://api.example.com/yes", { headers: { host: "other.example.com" } });
    refused(reply.status, /Host says other\.example\.com/);
  });

  test("another scheme, a user in the address and a missing host are no requests", async () => {
    for (const url of [
      "https://api.example.com/yes",
      "ftp://api.example.com/yes",
      "http://a@api.example.com/yes",
      "/yes",
    ]) {
      const answer = await raw(port, `GET ${url} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    }
    expect(world.asked).toEqual([]);
  });
});

describe("IP literals", () => {
  const notations = ["127.0.0.1", "127.1", "0177.0.0.1", "0x7f000001", "2130706433", "0.0.0.0", "0", "[::1]", "[::]"];
  const more = ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254"];
  test.each([...notations, ...more, "localhost"])("%s is refused, absolute and through CONNECT", async (host) => {
    refused((await viaProxy(port, `http://${host}:${port}/yes`)).status, /no endpoint of the policy names/);
    expect((await tunnel(port, `${host}:${port}`)).answer).toContain(" 403 ");
  });

  test("this machine stays closed where a policy names it", async () => {
    world.place("here.example.com", ["127.0.0.1"], {});
    world.setPolicy(block({ host: "here.example.com", port: 80 }, { host: "127.0.0.1", port }));
    refused((await viaProxy(port, "http://here.example.com/")).status, /belongs to this machine/);
    expect((await viaProxy(port, `http://127.0.0.1:${port}/`)).status).toBe(403);
    expect((await tunnel(port, "here.example.com:80")).answer).toContain(" 403 ");
  });

  test("an address that is named gets through, in any notation", async () => {
    world.setPolicy(block({ host: "93.184.215.14", port: 80 }));
    expect((await viaProxy(port, "http://93.184.215.14/yes")).status).toBe(200);
    expect((await viaProxy(port, "http://1572394766/yes")).status).toBe(200);
  });
});

describe("where names lead", () => {
  test.each([
    ["a private network", ["10.1.2.3"], false],
    ["a private IPv6 network", ["fd12::1"], false],
    ["the metadata service", ["169.254.169.254"], false],
    ["a public and a private address", ["93.184.215.14", "192.168.0.1"], false],
    ["a public address", ["93.184.215.14"], true],
  ])("%s", async (_what, addresses, allowed) => {
    world.place("moved.example.com", addresses, {});
    world.setPolicy(block({ host: "moved.example.com", port: 80 }));
    const { status } = await viaProxy(port, "http://moved.example.com/yes");
    if (allowed) expect(status).toBe(200);
    else refused(status, /moved\.example\.com resolves to/);
  });

  test("allowed_ips opens a private network and nothing beside it", async () => {
    world.place("inside.example.com", ["10.1.2.3"], {});
    world.setPolicy(block({ host: "inside.example.com", port: 80, allowed_ips: ["10.1.0.0/16"] }));
    // Nothing listens there: the gate dialled, and that is what counts.
    expect((await viaProxy(port, "http://inside.example.com/yes")).status).toBe(502);
    world.place("inside.example.com", ["10.2.0.1"], {});
    refused((await viaProxy(port, "http://inside.example.com/yes")).status, /not in allowed_ips/);
  });
});

describe("CONNECT", () => {
  test("plain HTTP in a tunnel is judged like any other", async () => {
    const yes = await tunnel(port, "api.example.com:80");
    expect((await inTunnel(yes.socket, { host: "api.example.com", path: "/yes" })).status).toBe(200);
    world.asked.length = 0;
    const no = await tunnel(port, "api.example.com:80");
    const reply = await inTunnel(no.socket, { host: "api.example.com", path: "/no" });
    refused(reply.status, /no rule of test allows GET \/no/);
  });

  test("TLS is opened and judged, and the server's own certificate checked", async () => {
    const yes = await tunnel(port, "api.example.com:443");
    expect((await inTunnel(yes.socket, { ca, host: "api.example.com", path: "/yes" })).status).toBe(200);
    world.asked.length = 0;
    const no = await tunnel(port, "api.example.com:443");
    const reply = await inTunnel(no.socket, { ca, host: "api.example.com", path: "/yes/%2e%2e/no" });
    refused(reply.status, /no rule of test allows GET \/no/);
  });

  test("a second request on the same connection is judged again", async () => {
    const { socket } = await tunnel(port, "api.example.com:80");
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: api.example.com\r\n\r\n`;
    let text = "";
    socket.on("data", (chunk) => (text += chunk));
    socket.write(request("/yes") + request("/no"));
    await eventually("both answers", () => /HTTP\/1\.1 200[\s\S]*HTTP\/1\.1 403/.test(text));
    socket.destroy();
  });

  test.each([
    ["Host", { host: "other.example.com" }, /Host says other/],
    ["SNI", { host: "api.example.com", servername: "other.example.com" }, /TLS names other/],
  ])("fronting by %s is refused", async (_what, options, reason) => {
    const { socket } = await tunnel(port, "api.example.com:443");
    const reply = await inTunnel(socket, {
      ca,
      ...options,
      path: "/yes",
      ...("servername" in options ? {} : { servername: "api.example.com" }),
    }).catch(() => ({ status: 403 }));
    refused(reply.status, reason);
  });

  test("a server whose certificate nobody trusted signed is not spoken to", async () => {
    world.setPolicy(block({ host: "api.example.com", port: 8443, protocol: "rest", access: "full" }));
    const { socket } = await tunnel(port, "api.example.com:8443");
    const options = { ca, servername: "api.example.com", host: "api.example.com:8443", path: "/yes" };
    expect((await inTunnel(socket, options)).body.reason).toMatch(/certificate/);
    expect(world.asked).toEqual([]);
  });

  test("an address may have rules too", async () => {
    world.setPolicy(block({ host: "93.184.215.14", port: 443, protocol: "rest", rules: rules("/yes") }));
    const { socket } = await tunnel(port, "93.184.215.14:443");
    expect((await inTunnel(socket, { ca, host: "93.184.215.14", path: "/no" })).status).toBe(403);
  });

  test("an endpoint without a protocol is passed through unseen", async () => {
    const { answer, socket } = await tunnel(port, "api.example.com:9000");
    expect(answer).toContain(" 200 ");
    socket.write(Buffer.from([5, 1, 0]));
    const back = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect([...back]).toEqual([5, 1, 0]);
    socket.destroy();
  });

  test.each([
    "other.example.com:443",
    "api.example.com:22",
    "api.example.com",
    "api.example.com:",
    ":443",
    "a b:1",
    "[::1:80",
  ])("%s is refused", async (target) => {
    expect((await tunnel(port, target)).answer).toMatch(/ 40[03] /);
  });

  test("a tunnel within a tunnel is refused", async () => {
    const { socket } = await tunnel(port, "api.example.com:80");
    const reply = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
    socket.write("CONNECT other.example.com:443 HTTP/1.1\r\nHost: other.example.com:443\r\n\r\n");
    expect(await reply).toMatch(/^HTTP\/1\.1 403 /);
    socket.destroy();
  });
});

describe("other protocols on the port", () => {
  test.each([
    ["SOCKS4", Buffer.from([4, 1, 0, 80, 93, 184, 215, 14, 0])],
    ["SOCKS4a", Buffer.concat([Buffer.from([4, 1, 0, 80, 0, 0, 0, 1, 0]), Buffer.from("api.example.com\0")])],
    ["SOCKS5", Buffer.from([5, 1, 0])],
    ["TLS", Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 0])],
    ["HTTP/2", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ])("%s is answered as bad HTTP", async (_what, bytes) => {
    expect(await raw(port, bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect(world.lines.some((line) => line.decision === "deny" && /not HTTP/.test(line.reason ?? ""))).toBe(true);
  });

  test("an upgrade to HTTP/2 is refused", async () => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQ" };
    const answer = viaProxy(port, "http://api.example.com/yes", { headers });
    refused((await answer).status, /upgrade to h2c/);
  });
});

describe("smuggling", () => {
  const smuggled = "GET /no HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
  const head = "GET http://api.example.com/yes HTTP/1.1\r\nHost: api.example.com\r\n";
  test.each([
    ["both lengths", `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["two lengths", `${head}Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
    ["an odd encoding", `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["a space before the colon", `${head}Content-Length : ${smuggled.length}\r\n\r\n${smuggled}`],
    ["a folded header", `${head}X: a\r\n Transfer-Encoding: chunked\r\n\r\n${smuggled}`],
    [
      "a length taken away",
      `${head}Connection: content-length\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    ],
    ["two hosts", `${head}Host: other.example.com\r\n\r\n`],
    ["no host", "GET http://api.example.com/yes HTTP/1.1\r\n\r\n"],
    ["a bare line feed", `${head}X: y\n\n${smuggled}`],
  ])("%s does not get through", async (_what, bytes) => {
    expect(await raw(port, bytes)).not.toMatch(/HTTP\/1\.1 200[\s\S]*"\/no"/);
    expect(world.asked.filter((line) => line.endsWith("/no"))).toEqual([]);
  });

  test("a body of GET stays the body of GET", async () => {
    const reply = await viaProxy(port, "http://api.example.com/yes", {
      body: smuggled,
      headers: { "transfer-encoding": "chunked" },
    });
    expect(reply.body.size).toBe(smuggled.length);
    expect(world.asked).toEqual(["GET api.example.com /yes"]);
  });
});

describe("bodies", () => {
  test("1 MB up, and an answer in pieces", async () => {
    world.setPolicy(block({ host: "api.example.com", port: 443, protocol: "rest", access: "full" }));
    const up = await tunnel(port, "api.example.com:443");
    const body = Buffer.alloc(1 << 20, 7);
    const reply = await inTunnel(up.socket, { ca, host: "api.example.com", method: "POST", path: "/up", body });
    expect(reply.body.size).toBe(1 << 20);
    const down = await tunnel(port, "api.example.com:443");
    const events = await inTunnel(down.socket, { ca, host: "api.example.com", path: "/sse" });
    expect(events.text).toBe("data: 1\n\ndata: 2\n\ndata: 3\n\n");
  });

  test("a large body of a refused request does not hide the reason", async () => {
    const reply = await viaProxy(port, "http://api.example.com/no", { method: "POST", body: Buffer.alloc(1 << 20) });
    expect(reply.body.reason).toMatch(/no rule of test allows POST \/no/);
  });
});

describe("real clients", () => {
  const proxies = () => ({ http_proxy: `http://127.0.0.1:${port}`, https_proxy: `http://127.0.0.1:${port}` });

  test("curl", async ({ skip }) => {
    skip(!existsSync("/usr/bin/curl"), "there is no /usr/bin/curl");
    const get = (...args: string[]) =>
      program(
        "curl",
        ["-s", "-m", "8", "--cacert", world.caCert, "-o", "/dev/null", "-w", "%{http_code}", ...args],
        proxies(),
      );
    expect((await get("http://api.example.com/yes")).stdout).toBe("200");
    expect((await get("https://api.example.com/yes")).stdout).toBe("200");
    expect((await get("--http2", "https://api.example.com/yes")).stdout).toBe("200");
    expect((await get("-p", "http://api.example.com/yes")).stdout).toBe("200");
    world.asked.length = 0;
    expect((await get("http://api.example.com/no")).stdout).toBe("403");
    expect((await get("https://api.example.com/no")).stdout).toBe("403");
    expect((await get("-p", "http://api.example.com/no")).stdout).toBe("403");
    expect((await get("--path-as-is", "https://api.example.com/yes/../no")).stdout).toBe("403");
    expect(
      (await get("--connect-to", "api.example.com:443:other.example.com:443", "https://api.example.com/yes")).code,
    ).not.toBe(0);
    for (const socks of ["--socks4", "--socks4a", "--socks5", "--socks5-hostname"]) {
      expect((await get(socks, `127.0.0.1:${port}`, "http://api.example.com/yes")).code).not.toBe(0);
    }
    expect(world.asked).toEqual([]);
  });

  test("Node's fetch, which sends plain HTTP through CONNECT", async () => {
    const script = `for (const url of process.argv.slice(1)) {
      const r = await fetch(url, { signal: AbortSignal.timeout(8000) }).catch(() => ({ status: 0 }));
      console.log(r.status);
    }`;
    const urls = ["http://api.example.com/yes", "https://api.example.com/yes", "http://api.example.com/no"];
    const more = ["https://api.example.com/no", "http://other.example.com/yes", "https://other.example.com/yes"];
    const env = { ...proxies(), NODE_USE_ENV_PROXY: "1", NODE_EXTRA_CA_CERTS: world.caCert };
    const { stdout } = await program(process.execPath, ["--input-type=module", "-e", script, ...urls, ...more], env);
    expect(stdout.trim().split("\n")).toEqual(["200", "200", "403", "403", "0", "0"]);
    expect(world.lines.some((line) => line.method === "CONNECT" && line.decision === "deny")).toBe(true);
  });
});
