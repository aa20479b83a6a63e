import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { mostBytes, readBody } from "./body.ts";
import { redact, redactStream } from "./redact.ts";

// One text for everything that is the operator's business. The agent reads errors by their words as well as by their number:
// anything about keys or limits makes it put the model away for a minute, and any 5xx makes it try for longer than that.
/** What the caller is told when the model did not answer. */
export const notNow =
  "The model did not answer this request. The reason is in the log of the inference route on the machine.";

// Some upstreams say 400 or 404 where they mean 401 or 429.
const operators = /api.?key|credential|unauthori|authenti|forbidden|permission|billing|quota|insufficient|rate.?limit/i;

const kept = ["content-type", "cache-control", "x-request-id", "openai-processing-ms", "openai-model"];

/**
 * Passes the upstream's answer on to the caller, a stream piece by piece.
 *
 * @returns what went wrong on the way, if anything; the caller then has got an error it does not ask again for
 */
export async function passOn(
  answer: IncomingMessage,
  response: ServerResponse,
  key: string | undefined,
  stream: boolean,
) {
  try {
    await (stream ? streamOn(answer, response, key) : bufferOn(answer, response, key));
    return undefined;
  } catch (error) {
    if (response.destroyed) return "the caller went away";
    // A stream that just breaks off is asked for again and again; one that says that it failed is not.
    if (response.headersSent) response.end(`\n\ndata: ${JSON.stringify({ error: errorOf(notNow) })}\n\n`);
    else fail(response, 400, notNow);
    return `the answer was not passed on: ${(error as Error).message}`;
  }
}

async function bufferOn(answer: IncomingMessage, response: ServerResponse, key: string | undefined): Promise<void> {
  const body = await readBody(answer);
  if (body === undefined) throw new Error(`it is larger than ${mostBytes >> 20} MiB`);
  const bytes = Buffer.from(redact(body.toString("latin1"), key), "latin1");
  if ((answer.statusCode ?? 0) >= 400 && operators.test(bytes.toString("latin1"))) {
    throw new Error(`the upstream said ${answer.statusCode} with words about keys or limits`);
  }
  response.writeHead(answer.statusCode ?? 502, { ...headersOf(answer, key), "content-length": bytes.length });
  response.end(bytes);
}

async function streamOn(answer: IncomingMessage, response: ServerResponse, key: string | undefined): Promise<void> {
  response.writeHead(answer.statusCode ?? 502, headersOf(answer, key));
  response.flushHeaders();
  const source = key === undefined ? answer : answer.compose(redactStream(key));
  for await (const piece of source) {
    if (response.destroyed) throw new Error("the caller went away");
    if (!response.write(piece)) await drained(response);
  }
  response.end();
}

async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => response.once("drain", resolve).once("close", resolve));
}

function headersOf(answer: IncomingMessage, key: string | undefined): OutgoingHttpHeaders {
  return Object.fromEntries(
    kept.flatMap((name) =>
      answer.headers[name] === undefined ? [] : [[name, redact(String(answer.headers[name]), key)]],
    ),
  );
}

function errorOf(message: string) {
  return { message, type: "invalid_request_error", param: null, code: null };
}

/** Answers with an error in the shape of the API. */
export function fail(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) response.destroy();
  else send(response, status, { error: errorOf(message) });
}

/** Answers with JSON. */
export function send(response: ServerResponse, status: number, value: object): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
