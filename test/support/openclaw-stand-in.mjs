// A stand-in for OpenClaw: its gateway's health page and the few frames of its protocol that the first program inside uses. A
// message is answered with itself, and a few words make it do things.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const port = Number(process.argv[process.argv.indexOf("--port") + 1]);
console.log("answers are nobody's business");
console.error(`stand-in for OpenClaw on ${port}`);

const server = createServer((request, response) => {
  response.writeHead(request.url === "/readyz" ? 200 : 404).end();
});
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => {});
  const say = (value) => {
    const body = Buffer.from(JSON.stringify(value));
    const head = body.length < 126 ? [0x81, body.length] : [0x81, 126, body.length >> 8, body.length & 255];
    if (socket.writable) socket.write(Buffer.concat([Buffer.from(head), body]));
  };
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 6) return;
      const short = rest[1] & 127;
      const from = short === 126 ? 4 : 2;
      const length = short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < from + 4 + length) return;
      const mask = rest.subarray(from, from + 4);
      const body = Buffer.from(rest.subarray(from + 4, from + 4 + length)).map((byte, at) => byte ^ mask[at % 4]);
      const opcode = rest[0] & 15;
      rest = rest.subarray(from + 4 + length);
      if (opcode === 8) return socket.end();
      if (opcode === 1) heard(JSON.parse(body.toString()), say, socket);
    }
  });
  say({ type: "event", event: "connect.challenge", payload: {} });
});

function heard({ id, method, params }, say, socket) {
  const answer = (payload) => say({ type: "res", id, ok: true, payload });
  if (method === "connect") {
    if (params.auth.token === process.env.OPENCLAW_GATEWAY_TOKEN && params.auth.token !== "") return answer({});
    return say({ type: "res", id, ok: false, error: { code: "UNAUTHORIZED", message: "wrong token" } });
  }
  if (method !== "agent") return answer({});
  const { message, sessionKey } = params;
  if (message === "end") process.exit(7);
  if (message === "drop") return socket.destroy();
  if (message === "hold") return answer({ status: "accepted" });
  const [, lines = 0] = /^write (\d+)$/.exec(message) ?? [];
  for (let line = 1; line <= lines; line += 1) console.error(`line ${line}`);
  const text = message === "environment" ? JSON.stringify(process.env) : `${message}!`;
  answer({ status: "accepted" });
  answer({
    status: "ok",
    result: { payloads: [{ text }], meta: { agentMeta: { sessionId: sessionKey, model: "stand-in" } } },
  });
}

server.listen(port, "127.0.0.1");
