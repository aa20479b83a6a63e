import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Entry } from "./journal.ts";

/** The body of an answer that the gate gives itself. */
export interface RefusalBody extends Entry {
  readonly error: string;
}

function body(error: string, { decision: _, ...facts }: Entry): string {
  return `${JSON.stringify({ error, ...facts } satisfies RefusalBody)}\n`;
}

/** Refuses a request with a JSON body that names the rule, or says that there is none. */
export function refuse(response: ServerResponse, status: number, error: string, facts: Entry): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = body(error, facts);
  // After a request that could be read in two ways, so can the next one on its connection.
  if (status === 400) response.shouldKeepAlive = false;
  response.writeHead(status, STATUS_CODES[status], {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The same where there is no response yet, only a connection; it is closed. */
export function refuseOn(socket: Duplex, status: number, error: string, facts: Entry): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = body(error, facts);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}
