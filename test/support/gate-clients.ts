import { execFile } from "node:child_process";
import http, { type IncomingHttpHeaders } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import tls from "node:tls";

/** How long any client waits before it gives up. */
const deadlineMs = 10_000;

/** What came back over HTTP. `body` is parsed when it is JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly body: any;
}

/** Sends bytes to a port and gives all that comes back until the other side closes or stays silent. */
export async function raw(port: number, bytes: string | Buffer, quietMs = 400): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  return listen(socket, quietMs);
}

async function listen(socket: Socket, quietMs: number): Promise<string> {
  let text = "";
  await new Promise<void>((resolve) => {
    const first = setTimeout(resolve, deadlineMs);
    let quiet: NodeJS.Timeout | undefined;
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      clearTimeout(first);
      clearTimeout(quiet);
      quiet = setTimeout(resolve, quietMs);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(first);
      clearTimeout(quiet);
      resolve();
    });
  });
  socket.destroy();
  return text;
}

/** One request in absolute form, as clients send plain HTTP to a proxy. */
export async function viaProxy(
  port: number,
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  const host = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
  return new Promise((resolve, reject) => {
    const request = http.request({
      ...{ host: "127.0.0.1", port, path: url, method: options.method ?? "GET", agent: false },
      headers: { host, ...options.headers },
    });
    request.setTimeout(deadlineMs, () => request.destroy(new Error("no answer in time")));
    request.on("response", (response) => collect(response).then(resolve, reject));
    request.on("error", reject);
    request.end(options.body);
  });
}

/** All of a response. */
export async function collect(response: http.IncomingMessage): Promise<Reply> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString("utf8");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.statusCode ?? 0, headers: response.headers, text, body };
}

/** Opens a tunnel; `answer` is the proxy's first line. */
export async function tunnel(port: number, target: string): Promise<{ answer: string; socket: Socket }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const answer = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to CONNECT ${target}`)), deadlineMs);
    socket.once("data", (chunk: Buffer) => {
      clearTimeout(timer);
      resolve(chunk.toString("latin1").split("\r\n")[0] ?? "");
    });
    socket.once("close", () => resolve("closed"));
  });
  return { answer, socket };
}

/** One request inside a tunnel, behind TLS when an authority is given. */
export async function inTunnel(
  socket: Socket,
  options: {
    ca?: string;
    servername?: string;
    host: string;
    path?: string;
    method?: string;
    headers?: http.OutgoingHttpHeaders;
    body?: string | Buffer;
  },
): Promise<Reply> {
  const { ca, servername, host, path = "/", method = "GET", headers, body } = options;
  const connection = ca === undefined ? socket : await handshake(socket, ca, servername ?? host);
  return new Promise((resolve, reject) => {
    const request = http.request({ createConnection: () => connection, path, method, headers: { host, ...headers } });
    request.setTimeout(deadlineMs, () => request.destroy(new Error("no answer in time")));
    request.on("response", (response) => collect(response).then(resolve, reject));
    request.on("error", reject);
    request.end(body);
  });
}

/** Speaks TLS inside a tunnel. */
export async function handshake(socket: Socket, ca: string, servername: string): Promise<tls.TLSSocket> {
  const name = isIP(servername) === 0 ? { servername } : { host: servername };
  const secure = tls.connect({ socket, ca, ...name, ALPNProtocols: ["h2", "http/1.1"] });
  await new Promise<void>((resolve, reject) => {
    secure.once("secureConnect", resolve);
    secure.once("error", reject);
    secure.once("close", () => reject(new Error("closed during the handshake")));
  });
  return secure;
}

/** Runs a program that uses the proxy as its environment says, and gives what it printed. */
export async function program(
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ stdout: string; stderr: string; code: number }> {
  const { PATH = "" } = process.env;
  return new Promise((resolve) => {
    execFile(command, args, { env: { PATH, ...env }, timeout: deadlineMs * 2 }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error ? Number((error as { code?: number }).code ?? 1) : 0 });
    });
  });
}

/** Waits until a condition holds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > until) throw new Error(`${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
