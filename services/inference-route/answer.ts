import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { mostBytes, readBody } from "./body.ts";
import { EventCutter, eventsOf } from "./events.ts";
import { redact, redactStream } from "./redact.ts";
import { notNow, toldOf } from "./told.ts";
import { errorIn, errorOfBody, errorOfEvent, parseJson, type UpstreamError } from "./upstream-error.ts";

const kept = ["content-type", "cache-control", "x-request-id", "openai-processing-ms", "openai-model"];

/** An answer that is an error, whatever its status says. */
class ErrorAnswer extends Error {
  readonly told: string;
  constructor(reason: string, told: string) {
    super(reason);
    this.told = told;
  }
}

/**
 * Passes the upstream's answer on to the caller, a stream event by event. An error in it reaches the caller as one that it does not
 * ask again for, and without the operator's business, also where it comes under status 200 or in the middle of a stream.
 *
 * @returns what went wrong on the way, if anything
 */
export async function passOn(answer: IncomingMessage, response: ServerResponse, key: string | undefined) {
  try {
    const good = (answer.statusCode ?? 0) < 400;
    await (good && isStream(answer) ? streamOn(answer, response, key) : bufferOn(answer, response, key));
    return undefined;
  } catch (error) {
    answer.destroy();
    if (response.destroyed) return "the caller went away";
    const told = error instanceof ErrorAnswer ? error.told : notNow;
    // A stream that just breaks off is asked for again and again; one that says that it failed is not.
    if (response.headersSent) response.end(`\n\ndata: ${JSON.stringify({ error: bodyOf(told) })}\n\n`);
    else fail(response, 400, told);
    return `the answer was not passed on: ${(error as Error).message}`;
  }
}

/** Whether an answer comes as server-sent events. */
export function isStream(answer: IncomingMessage): boolean {
  return /^text\/event-stream\b/i.test(answer.headers["content-type"] ?? "");
}

async function bufferOn(answer: IncomingMessage, response: ServerResponse, key: string | undefined): Promise<void> {
  const body = await readBody(answer);
  if (body === undefined) throw new Error(`it is larger than ${mostBytes >> 20} MiB`);
  const status = answer.statusCode ?? 0;
  const bytes = Buffer.from(redact(body.toString("latin1"), key), "latin1");
  const error = errorOf(bytes, status, isStream(answer));
  if (error) throw asAnswer(error, `the upstream said ${status} with an error`);
  response.writeHead(status, { ...headersOf(answer, key), "content-length": bytes.length });
  response.end(bytes);
}

function errorOf(bytes: Buffer, status: number, stream: boolean): UpstreamError | undefined {
  if (status < 400) return errorIn(parseJson(bytes.toString("utf8")));
  if (!stream) return errorOfBody(bytes.toString("utf8"));
  return (
    eventsOf(bytes.toString("latin1"))
      .map(errorOfEvent)
      .find((error) => error) ?? { said: "", marks: [] }
  );
}

// Nothing is sent before the first event has been seen, so that an error in its place is answered as one.
async function streamOn(answer: IncomingMessage, response: ServerResponse, key: string | undefined): Promise<void> {
  const pass = async (text: string) => {
    if (text === "") return;
    if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, headersOf(answer, key));
    if (response.destroyed) throw new Error("the caller went away");
    if (!response.write(text, "latin1")) await drained(response);
  };
  const cutter = new EventCutter();
  const source = key === undefined ? answer : answer.compose(redactStream(key));
  for await (const piece of source as AsyncIterable<Buffer>) {
    const events = cutter.take(piece.toString("latin1"));
    if (cutter.size > mostBytes) throw new Error(`one event is larger than ${mostBytes >> 20} MiB`);
    await passEvents(events, pass);
  }
  await passEvents([cutter.rest()], pass);
  if (!response.headersSent) response.writeHead(answer.statusCode ?? 502, headersOf(answer, key));
  response.end();
}

async function passEvents(events: readonly string[], pass: (text: string) => Promise<void>): Promise<void> {
  let good = "";
  for (const event of events) {
    const error = errorOfEvent(event);
    if (!error) {
      good += event;
      continue;
    }
    await pass(good);
    throw asAnswer(error, "the upstream sent an error in a stream");
  }
  await pass(good);
}

function asAnswer(error: UpstreamError, reason: string): ErrorAnswer {
  const told = toldOf(error);
  if (told !== notNow) return new ErrorAnswer(`${reason} about the request`, told);
  // The status does not tell it, so the journal has to.
  return new ErrorAnswer(`${reason} that is not about the request: ${error.said.slice(0, 200)}`, told);
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

function bodyOf(message: string) {
  return { message, type: "invalid_request_error", param: null, code: null };
}

/** Answers with an error in the shape of the API. */
export function fail(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) response.destroy();
  else send(response, status, { error: bodyOf(message) });
}

/** Answers with JSON. */
export function send(response: ServerResponse, status: number, value: object): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
