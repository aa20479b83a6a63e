import type { IncomingMessage } from "node:http";

/** The largest body that is taken, in bytes. */
export const mostBytes = 32 << 20;

/** The whole body of a message, or nothing when it is larger than `mostBytes`. */
export async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  // Left open, because the sender still waits for an answer on the same connection.
  for await (const part of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) {
      message.resume();
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
