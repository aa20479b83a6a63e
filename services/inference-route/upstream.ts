import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import https from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { trustedAuthorities } from "../trusted-authorities.ts";
import type { Settings } from "./settings.ts";
import { mayBeOfRequest } from "./told.ts";

/** What is asked of the upstream. */
export interface Call {
  readonly settings: Settings;
  /** Below the base URL: `chat/completions`. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Ends the call when the caller is gone. */
  readonly signal: AbortSignal;
}

/** How a call ended before there was an answer for the caller. */
export interface Failure {
  /** For the journal, not for the caller. */
  readonly reason: string;
  readonly status?: number;
  /** How long the upstream asks to wait, or nothing when trying again is pointless. */
  readonly retryAfterMs?: number;
}

// The caller's own names and keys are left behind, so only what is known to be harmless is taken along.
const takenAlong = ["accept", "user-agent", "openai-beta", "idempotency-key", "x-request-id", "x-client-request-id"];

// What an upstream answers with while it is busy, restarting or behind a proxy that is.
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529]);
const ours = new Set([401, 402, 403, 407]);

const attempts = 3;
const longestWaitMs = 4000;
const pauseMs = 500;

const agents = {
  "http:": new http.Agent({ keepAlive: true }),
  "https:": new https.Agent({ keepAlive: true, ca: trustedAuthorities() }),
};

/**
 * Calls the upstream, again after a short pause when it is busy. Nothing of an answer that is given up reaches the caller.
 *
 * @returns the answer with its body still to be read, or why there is none, and how often it was tried
 */
export async function call(request: Call): Promise<{ answer?: IncomingMessage; failure?: Failure; attempts: number }> {
  for (let attempt = 1; ; attempt++) {
    const result = await once(request);
    const retry = result.failure?.retryAfterMs;
    const again = retry !== undefined && attempt < attempts && retry <= longestWaitMs && !request.signal.aborted;
    if (!again) return { ...result, attempts: attempt };
    await wait(Math.max(retry, pauseMs * attempt), undefined, { signal: request.signal }).catch(() => {});
  }
}

async function once(
  request: Call,
): Promise<{ answer: IncomingMessage; failure?: undefined } | { failure: Failure; answer?: undefined }> {
  let answer: IncomingMessage;
  try {
    answer = await send(request);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const silent = code === "ROUTE_SILENT";
    return { failure: { reason: message || code || "no connection", ...(silent ? {} : { retryAfterMs: 0 }) } };
  }
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return { answer };
  if (mayBeOfRequest(status)) return { answer };
  answer.destroy();
  return {
    failure: { reason: reasonOf(status), status, ...(passing.has(status) ? { retryAfterMs: retryAfter(answer) } : {}) },
  };
}

function reasonOf(status: number): string {
  if (ours.has(status)) return "the upstream refused the route's own key";
  if (status >= 300 && status < 400) return "the upstream redirects, and redirects are not followed";
  if (status === 404) return "the upstream does not know the model or the path";
  if (!passing.has(status)) return "the upstream refused it as no fault of the request";
  return "the upstream is busy or failing";
}

function retryAfter(answer: IncomingMessage): number {
  const field = answer.headers["retry-after"];
  if (field === undefined) return 0;
  const ms = /^\d+(\.\d+)?$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

function send({ settings, path, headers, body, signal }: Call): Promise<IncomingMessage> {
  const url = new URL(path, settings.baseUrl);
  const scheme = url.protocol === "https:" ? "https:" : "http:";
  const fields: OutgoingHttpHeaders = Object.fromEntries(
    takenAlong.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
  return new Promise((resolve, reject) => {
    const outgoing = (scheme === "https:" ? https : http).request(url, {
      method: "POST",
      agent: agents[scheme],
      signal,
      timeout: settings.timeoutSeconds * 1000,
      headers: {
        ...fields,
        ...(settings.key === undefined ? {} : { authorization: `Bearer ${settings.key}` }),
        "content-type": "application/json",
        "content-length": body.length,
        "accept-encoding": "identity",
      },
    });
    let answer: IncomingMessage | undefined;
    outgoing.on("error", reject).on("response", (response) => {
      // Whoever reads it hears of it; where nobody does, it must not end the process.
      answer = response.on("error", () => {});
      resolve(response);
    });
    outgoing.on("timeout", () => {
      const silent = new Error(`nothing heard from the upstream for ${settings.timeoutSeconds} s`);
      // An answer that has begun would say only that it was aborted.
      (answer ?? outgoing).destroy(Object.assign(silent, { code: "ROUTE_SILENT" }));
    });
    outgoing.end(body);
  });
}
