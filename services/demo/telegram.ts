import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type BotRequest, botId, integer, readBotRequest } from "./bot-request.ts";
import { createChats } from "./chats.ts";
import { createFaults, type Fault } from "./faults.ts";
import { type Handle, readJson, sendJson } from "./json-http.ts";
import { failed, ok, type Reply } from "./reply.ts";
import { createUpdates } from "./updates.ts";

const conflictWithPoller =
  "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
const conflictWithWebhook =
  "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";

/**
 * A stand-in for Telegram's Bot API, with an operator who plays the people: one bot, whatever its token, all in memory.
 * It holds polls, delivers again what was not acknowledged, and refuses what Telegram refuses.
 */
export function createTelegram(): Handle {
  const updates = createUpdates();
  const chats = createChats();
  const faults = createFaults();
  const calls: Record<string, number> = {};
  const tokens = new Set<string>();
  let webhook = "";

  const methods: Record<
    string,
    (args: Record<string, unknown>, token: string, gone: AbortSignal) => Reply | Promise<Reply>
  > = {
    getme: (_, token) =>
      ok({ id: botId(token), is_bot: true, first_name: "DEMO stand-in", username: "demo_stand_in_bot" }),
    getupdates: async (args, _, gone) => {
      if (webhook !== "") return failed(409, conflictWithWebhook);
      const end = await updates.poll({
        offset: integer(args.offset, 0),
        limit: Math.min(Math.max(integer(args.limit, 100), 1), 100),
        timeoutSeconds: Math.min(Math.max(integer(args.timeout, 0), 0), 50),
        gone,
      });
      return "conflict" in end ? failed(409, conflictWithPoller) : ok(end.updates);
    },
    getwebhookinfo: () =>
      ok({ url: webhook, has_custom_certificate: false, pending_update_count: updates.state.pending }),
    setwebhook: (args) => {
      webhook = String(args.url ?? "");
      updates.interrupt();
      return ok(true);
    },
    deletewebhook: () => {
      webhook = "";
      return ok(true);
    },
    sendmessage: (args) => chats.send(integer(args.chat_id, 0), args.text),
    editmessagetext: (args) => chats.edit(integer(args.chat_id, 0), integer(args.message_id, 0), args.text),
    sendchataction: (args) =>
      integer(args.chat_id, 0) === 0 ? failed(400, "Bad Request: chat_id is empty") : ok(true),
    answercallbackquery: () => ok(true),
  };

  async function operator(route: string, body: Record<string, unknown>, url: URL): Promise<unknown> {
    switch (route) {
      case "POST /operator/messages": {
        const message = chats.receive(body);
        updates.add(message);
        return { messageId: message.message_id };
      }
      case "GET /operator/answers":
        return await chats.answers({
          chat: integer(url.searchParams.get("chat"), 0),
          after: integer(url.searchParams.get("after"), 0),
          waitSeconds: Math.min(Number(url.searchParams.get("wait") ?? 0) || 0, 60),
        });
      case "GET /operator/state":
        return { ...updates.state, webhook, calls, tokenSha256: [...tokens] };
      case "POST /operator/next":
        return faults.add(body);
      case "POST /operator/redeliver":
        return { redelivered: updates.redeliver() };
      default:
        return undefined;
    }
  }

  return async (request, url, response) => {
    if (url.pathname === "/healthz") return sendJson(response, 200, { demo: "telegram" });
    if (url.pathname.startsWith("/operator/")) {
      const body = request.method === "POST" ? await readJson(request) : {};
      const answer = await operator(`${request.method} ${url.pathname}`, body, url);
      return sendJson(
        response,
        answer === undefined ? 404 : 200,
        answer ?? { error: { message: "no such operator call" } },
      );
    }

    const call = await readBotRequest(request, url);
    if (call === undefined) return send(response, failed(404, "Not Found"));
    if (botId(call.token) === undefined) return send(response, failed(401, "Unauthorized: invalid token specified"));
    const { method, token } = note(call);

    const fault = faults.take(method);
    if (fault?.delaySeconds !== undefined) await sleep(fault.delaySeconds * 1000);
    if (fault?.status === "cut") return void response.destroy();
    if (typeof fault?.status === "number") return send(response, refusal(fault), fault.retryAfter);

    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const reply = await methods[method.toLowerCase()]?.(call.args, token, gone.signal);
    if (fault?.status === "lost") return void response.destroy();
    send(response, reply ?? failed(404, "Not Found: method not found"));
  };

  function note(call: BotRequest): BotRequest {
    calls[call.method] = (calls[call.method] ?? 0) + 1;
    tokens.add(createHash("sha256").update(call.token).digest("hex"));
    return call;
  }
}

function refusal({ status, retryAfter }: Fault): Reply {
  if (status === 429) return failed(429, `Too Many Requests: retry after ${retryAfter ?? 1}`);
  if (status === 401) return failed(401, "Unauthorized");
  if (status === 409) return failed(409, conflictWithPoller);
  return failed(Number(status), `the DEMO stand-in was told to answer ${status}`);
}

function send(response: ServerResponse, reply: Reply, retryAfter?: number): void {
  if (response.destroyed) return;
  if ("result" in reply) {
    sendJson(response, 200, { ok: true, result: reply.result });
    return;
  }
  const wait = reply.code === 429 ? (retryAfter ?? 1) : undefined;
  const parameters = wait === undefined ? {} : { parameters: { retry_after: wait } };
  const body = { ok: false, error_code: reply.code, description: reply.description, ...parameters };
  sendJson(response, reply.code, body, wait === undefined ? {} : { "retry-after": wait });
}
