import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChatMessage, demoAnswer, personText } from "./answer.ts";
import { createFaults, type Fault } from "./faults.ts";
import { type Handle, readJson, sendJson } from "./json-http.ts";

/** What the demo model remembers for its operator; of a caller's credentials only a hash. */
interface Requests {
  count: number;
  lastAuthorizationSha256: string | null;
  lastModel: string | null;
}

/**
 * The DEMO model: an OpenAI-compatible endpoint that thinks nothing. It always answers with the person's own words, so the
 * same request gives the same answer. `POST /operator/next` asks for a fault, `GET /operator/requests` tells what came in.
 */
export function createModel(): Handle {
  const faults = createFaults();
  const requests: Requests = { count: 0, lastAuthorizationSha256: null, lastModel: null };

  return async (request, url, response) => {
    switch (`${request.method} ${url.pathname}`) {
      case "GET /healthz":
        return sendJson(response, 200, { demo: "model" });
      case "GET /operator/requests":
        return sendJson(response, 200, requests);
      case "POST /operator/next":
        return sendJson(response, 200, faults.add(await readJson(request)));
      case "POST /operator/clear":
        faults.clear();
        return sendJson(response, 200, {});
      case "GET /v1/models":
        return sendJson(response, 200, { object: "list", data: [{ id: "demo", object: "model", owned_by: "demo" }] });
      case "POST /v1/chat/completions": {
        const body = await readJson(request);
        note(requests, request, body);
        const fault = faults.take();
        if (fault?.delaySeconds !== undefined) await sleep(fault.delaySeconds * 1000);
        return typeof fault?.status === "number" ? refuse(response, fault) : complete(response, body, fault);
      }
      default:
        return sendJson(response, 404, {
          error: { message: `the DEMO model has no ${request.method} ${url.pathname}` },
        });
    }
  };
}

function note(requests: Requests, request: IncomingMessage, body: Record<string, unknown>): void {
  const { authorization } = request.headers;
  requests.count += 1;
  requests.lastAuthorizationSha256 =
    authorization === undefined ? null : createHash("sha256").update(authorization).digest("hex");
  requests.lastModel = modelName(body);
}

function refuse(response: ServerResponse, { status, retryAfter }: Fault): void {
  const headers = retryAfter === undefined ? undefined : { "retry-after": retryAfter };
  const message = `the DEMO model was told to answer ${status}`;
  sendJson(response, Number(status), { error: { message, type: "demo_fault", code: `demo_${status}` } }, headers);
}

function complete(response: ServerResponse, body: Record<string, unknown>, fault: Fault | undefined): void {
  const model = modelName(body);
  const messages = Array.isArray(body.messages) ? (body.messages as ChatMessage[]) : [];
  const text = demoAnswer(model, personText(messages));
  const usage = countTokens(JSON.stringify(messages), text);
  const head = { id: "chatcmpl-demo", created: Math.floor(Date.now() / 1000), model };

  if (body.stream !== true) {
    const choice = { index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" };
    if (fault?.status === "cut") response.destroy();
    else sendJson(response, 200, { ...head, object: "chat.completion", choices: [choice], usage });
    return;
  }

  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (data: object) => response.write(`data: ${JSON.stringify({ ...head, ...data })}\n\n`);
  const delta = (content: object, finish: string | null = null) =>
    send({ object: "chat.completion.chunk", choices: [{ index: 0, delta: content, finish_reason: finish }] });

  delta({ role: "assistant", content: "" });
  // A cut comes after the first piece was really sent: the caller must have seen a part of an answer.
  if (fault?.status === "cut") {
    response.write(": cut\n\n", () => response.destroy());
    return;
  }
  for (const piece of pieces(text, 24)) delta({ content: piece });
  delta({}, "stop");
  const options = body.stream_options as { include_usage?: unknown } | undefined;
  if (options?.include_usage === true) send({ object: "chat.completion.chunk", choices: [], usage });
  response.end("data: [DONE]\n\n");
}

function modelName(body: Record<string, unknown>): string {
  return typeof body.model === "string" ? body.model : "unnamed";
}

function* pieces(text: string, size: number): Generator<string> {
  const characters = [...text];
  for (let at = 0; at < characters.length; at += size) yield characters.slice(at, at + size).join("");
}

// Four characters a token is near enough for a model that has no tokens.
function countTokens(prompt: string, completion: string): Record<string, number> {
  const [before, after] = [Math.ceil(prompt.length / 4), Math.ceil(completion.length / 4)];
  return { prompt_tokens: before, completion_tokens: after, total_tokens: before + after };
}
