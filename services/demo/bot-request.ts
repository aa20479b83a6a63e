import type { IncomingMessage } from "node:http";
import { readBody } from "./json-http.ts";

/** One call of the Bot API: `/bot<token>/<method>`, its arguments as JSON, as a form or in the query. */
export interface BotRequest {
  readonly token: string;
  readonly method: string;
  readonly args: Record<string, unknown>;
}

/** Reads a Bot API call, or gives undefined for any other path. @throws when the body is not as announced */
export async function readBotRequest(request: IncomingMessage, url: URL): Promise<BotRequest | undefined> {
  const path = /^\/bot([^/]*)\/(\w+)$/.exec(decodeURIComponent(url.pathname));
  if (path === null) return undefined;
  const body = await readBody(request);
  const json = request.headers["content-type"]?.startsWith("application/json") ?? false;
  const sent = body === "" ? {} : json ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
  return { token: path[1] ?? "", method: path[2] ?? "", args: { ...Object.fromEntries(url.searchParams), ...sent } };
}

/** The number a bot's token starts with, its user id; undefined for what Telegram would not take as a token. */
export function botId(token: string): number | undefined {
  const shape = /^([1-9]\d{0,15}):[A-Za-z0-9_-]{20,72}$/.exec(token);
  return shape === null ? undefined : Number(shape[1]);
}

/** A whole number among the arguments, which forms send as text. */
export function integer(value: unknown, fallback: number): number {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : fallback;
}
