import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { fail, isStream, passOn, send } from "./answer.ts";
import { mostBytes, readBody } from "./body.ts";
import type { Settings } from "./settings.ts";
import { notNow } from "./told.ts";
import { call } from "./upstream.ts";

/** What the server asks of its surroundings. */
export interface RouteContext {
  /** The settings in force, or nothing while there are none. */
  settings(): Settings | undefined;
  /** Takes what one request came to, for the journal. */
  turn(facts: Turn): void;
}

/** What one request came to. */
export interface Turn {
  readonly path: string;
  readonly model?: string;
  /** What the upstream said, or nothing when it said nothing. */
  readonly status?: number;
  /** What the caller got. */
  readonly answered?: number;
  readonly stream?: boolean;
  readonly attempts?: number;
  readonly ms: number;
  readonly error?: string;
}

const routed = new Map([
  ["/v1/chat/completions", "chat/completions"],
  ["/v1/responses", "responses"],
  ["/v1/embeddings", "embeddings"],
]);

/** An OpenAI-compatible endpoint for one model. */
export function createRoute(context: RouteContext): http.Server {
  const server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 }, (request, response) => {
    request.on("error", () => response.destroy());
    handle(context, request, response).catch((error: Error) => {
      context.turn({ path: pathOf(request), ms: 0, answered: 400, error: error.message });
      fail(response, 400, notNow);
    });
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?")[0] ?? "";
}

async function handle(context: RouteContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const settings = context.settings();
  const path = pathOf(request);
  if (request.method === "GET" && path === "/v1/models") {
    const data = settings ? [{ id: settings.model, object: "model", created: 0, owned_by: "inference.local" }] : [];
    return send(response, 200, { object: "list", data });
  }
  const below = request.method === "POST" ? routed.get(path) : undefined;
  if (below === undefined) return fail(response, 404, `${request.method} ${path} is not served here`);
  const body = await readBody(request);
  if (body === undefined) return fail(response, 413, `the request is larger than ${mostBytes >> 20} MiB`);
  const asked = parse(body);
  if (asked === undefined) return fail(response, 400, "the request is not a JSON object");
  if (!settings) {
    context.turn({ path, ms: 0, answered: 400, error: "the route has no configuration" });
    return fail(response, 400, notNow);
  }
  await answerFrom(context, settings, { path, below, asked, request, response });
}

interface Asked {
  path: string;
  below: string;
  asked: Record<string, unknown>;
  request: IncomingMessage;
  response: ServerResponse;
}

async function answerFrom(context: RouteContext, settings: Settings, { path, below, asked, request, response }: Asked) {
  const started = performance.now();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { model } = settings;
  const body = Buffer.from(JSON.stringify({ ...asked, model }));
  const result = await call({ settings, path: below, headers: request.headers, body, signal: gone.signal });
  const { answer, failure, attempts } = result;
  const record = (facts: Partial<Turn>) => {
    const ms = Math.round(performance.now() - started);
    const status = answer?.statusCode ?? failure?.status;
    context.turn({ path, model, ...(status === undefined ? {} : { status }), attempts, ms, ...facts });
  };
  if (!answer) {
    if (gone.signal.aborted) return record({ error: "the caller went away" });
    record({ answered: 400, ...(failure ? { error: failure.reason } : {}) });
    return fail(response, 400, notNow);
  }
  const error = await passOn(answer, response, settings.key);
  record({ stream: isStream(answer), ...(error === undefined ? { answered: response.statusCode } : { error }) });
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
