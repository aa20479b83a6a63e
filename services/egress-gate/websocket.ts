import { type IncomingMessage, STATUS_CODES } from "node:http";
import { type Duplex, Transform } from "node:stream";
import { examine, send } from "./forward.ts";
import type { Gate } from "./gate.ts";
import type { Entry } from "./journal.ts";
import { judgeMessages } from "./judge.ts";
import { answerHeaders, type Tunnel } from "./read-request.ts";
import { refuseOn } from "./refusal.ts";
import { textMessage } from "./rule.ts";
import { AddressRefused } from "./upstream.ts";

/** Judges a request to become a WebSocket, and joins the two ends when the server agrees. */
export async function upgrade(
  gate: Gate,
  tunnel: Tunnel | undefined,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): Promise<void> {
  client.on("error", () => client.destroy());
  const found = examine(gate, tunnel, request, true);
  if ("status" in found) return refuseOn(client, found.status, found.error, found.facts);
  const { read, facts } = found;
  const deny = (reason: string) => {
    const denied: Entry = { ...facts, decision: "deny", rule: undefined, reason };
    gate.journal.egress(denied);
    refuseOn(client, 403, "denied by the network policy", denied);
  };
  if (request.method !== "GET" || request.headers.upgrade?.toLowerCase() !== "websocket") {
    return deny(`an upgrade to ${request.headers.upgrade} is not forwarded, only to websocket`);
  }
  if (!tunnel) gate.connections.add(read.destination, gate.policy, client);
  const messages = judgeMessages(gate.policy, read.destination, { ...read.target, method: textMessage });
  try {
    const outgoing = await send(gate, request, {
      ...read,
      headers: { ...read.headers, connection: "Upgrade", upgrade: "websocket" },
    });
    if (client.destroyed) return void outgoing.destroy();
    gate.journal.egress(facts);
    client.once("close", () => outgoing.destroy());
    let answered = false;
    const fail = (reason: string) => {
      if (answered) client.destroy();
      else refuseOn(client, 502, "the destination could not be reached", { ...facts, reason });
    };
    outgoing.once("error", (error) => fail(error.message));
    outgoing.once("close", () => answered || fail("no answer"));
    outgoing.once("response", (answer) => {
      answered = true;
      client.write(headOf(answer, ["Connection: close"]));
      answer.once("error", () => client.destroy()).pipe(client);
    });
    outgoing.once("upgrade", (answer, server, early) => {
      answered = true;
      client.write(headOf(answer, ["Connection: Upgrade", "Upgrade: websocket"]));
      client.write(early);
      const denied: Entry = { ...facts, ...messages, method: textMessage };
      const watched =
        messages && messages.decision !== "allow"
          ? watch(client, () => gate.journal.egress(denied), messages.decision === "deny")
          : undefined;
      join(client, server, head, watched);
    });
    outgoing.end();
  } catch (error) {
    if (error instanceof AddressRefused) deny(error.message);
    else refuseOn(client, 502, "the destination could not be reached", { ...facts, reason: (error as Error).message });
  }
}

function headOf(answer: IncomingMessage, more: string[]): string {
  const fields = Object.entries(answerHeaders(answer)).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return [
    `HTTP/1.1 ${answer.statusCode} ${STATUS_CODES[answer.statusCode ?? 0] ?? ""}`,
    ...fields,
    ...more,
    "",
    "",
  ].join("\r\n");
}

/** Passes bytes both ways until either side is gone. */
export function join(client: Duplex, server: Duplex, head: Buffer, filter?: Transform): void {
  const both = [client, server];
  for (const end of both) {
    end.on("error", () => {});
    end.once("close", () => both.forEach((other) => void other.destroy()));
  }
  const way = filter ?? client;
  if (filter) {
    filter.write(head);
    client.pipe(filter);
    filter.once("close", () => server.destroy());
  } else if (head.length > 0) {
    server.write(head);
  }
  way.pipe(server);
  server.pipe(client);
}

const policyViolation = Buffer.from([0x88, 0x02, 0x03, 0xf0]);

/**
 * Walks over the frames that a client sends, and calls back at each text message.
 *
 * @param stop whether a text message ends the connection (close code 1008) before it gets through
 */
export function watch(client: Duplex, onText: () => void, stop: boolean): Transform {
  let header = Buffer.alloc(0);
  let payload = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let rest = chunk;
      while (rest.length > 0) {
        if (payload > 0) {
          const part = rest.subarray(0, payload);
          this.push(part);
          payload -= part.length;
          rest = rest.subarray(part.length);
          continue;
        }
        header = Buffer.concat([header, rest.subarray(0, 1)]);
        rest = rest.subarray(1);
        const frame = readFrame(header);
        if (!frame) continue;
        if (frame.text) {
          onText();
          if (stop) {
            client.end(policyViolation);
            return void this.destroy();
          }
        }
        this.push(header);
        header = Buffer.alloc(0);
        payload = frame.payload;
      }
      done();
    },
  });
}

// RFC 6455, section 5.2; nothing while the header is not whole.
function readFrame(header: Buffer): { text: boolean; payload: number } | undefined {
  if (header.length < 2) return undefined;
  const [first = 0, second = 0] = header;
  const short = second & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (header.length < 2 + extra + (second & 0x80 ? 4 : 0)) return undefined;
  const payload = extra === 2 ? header.readUInt16BE(2) : extra === 8 ? Number(header.readBigUInt64BE(2)) : short;
  return { text: (first & 0x0f) === 1, payload };
}
