import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** What a demo server does with one request; a thrown error is answered 500. */
export type Handle = (request: IncomingMessage, url: URL, response: ServerResponse) => void | Promise<void>;

const largestBodyBytes = 16 * 1024 * 1024;

/** The whole body of a request as text. @throws when it is larger than 16 MiB */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > largestBodyBytes) throw new Error(`the body is larger than ${largestBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A JSON body as an object; an empty body is `{}`. @throws when it is anything else */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(request);
  const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the body is no object");
  return value as Record<string, unknown>;
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string | number> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/**
 * Serves `handle` on a port; 0 takes a free one.
 *
 * @throws when the port cannot be had
 */
export async function serve(handle: Handle, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://demo");
    Promise.resolve()
      .then(() => handle(request, url, response))
      .catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { error: { message: error instanceof Error ? error.message : String(error) } });
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}
