import { dataOf } from "./events.ts";

// One text for everything that is the operator's business. The agent reads errors by their words as well as by their number:
// anything about keys or limits makes it put the model away for a minute, and any 5xx makes it try for longer than that.
/** What the caller is told when the model did not answer. */
export const notNow =
  "The model did not answer this request. The reason is in the log of the inference route on the machine.";

// In words by which the agent sees that it has to shorten what it sends; anything about a minute makes it wait instead.
const tooLarge = "This request is too large for the model: it exceeds the maximum context length.";

// Some upstreams say 400 where they mean 401 or 429. These are the words by which OpenClaw 2026.9.6 sees the provider's fault.
const operators = [
  /api.?key|credential|authori[sz]|authenti|forbidden|permission|access denied|invalid.?token|expired|revoked|deactivat|has been disabled/i,
  /not allowed for|missing scope|\b40[13]\b|\b(?:http|status|code|error)\W{0,6}(?:402|407|429|5\d\d)\b|\b(?:402|429)\b.{0,3}$/i,
  /billing|quota|insufficient|payment|credits?\b|balance\b|subscription|spend(?:ing)? limit|out of budget|current plan|extra usage/i,
  /rate.?limit|too many (?:concurrent )?requests|throttl|concurrency limit|resource.?exhausted|usage.?limit|\b[rt]p[md]\b|cooldown/i,
  /(?:tokens|requests) per (?:min|day|hour)|\b(?:daily|weekly|monthly)\b|overload|at capacity|unavailable|high (?:demand|load)/i,
  /server.?error|internal.?error|error occurred|unknown error|upstream|gateway|timed? ?out|deadline|was aborted|request failed|network_error|terminated/i,
  /(?:connection|network|unexpected|backend) error|reset|hang up|fetch failed|try again|\be[a-z_]+(?:refused|timedout|unreach|notfound)\b|\be(?:pipe|ai_again)\b|und_err/i,
  /premature close|stream.{0,20}(?:closed|aborted|ended|disconnected|error)|without sending|malformed|incomplete|reason: error|modelnotready|\bce-011\b/i,
  /model.{0,120}(?:not.?(?:found|supported|available)|does not exist|deprecated)|(?:unknown|invalid) model|valid model|not.?found|no endpoints/i,
  /(?:session|conversation)(?: id)? (?:not|does|expired|invalid)|no (?:such session|conversation)|failed to (?:extract|parse|validate|decode)/i,
  /无权|认证|鉴权|密钥|违规|禁止|频繁|频率|配额|额度|余额|欠费|过载|负载|访问量|(?:服务器?|内部|系统|网络|连接)(?:错误|繁忙|异常)|超时|不可用/,
];

// What is about the request itself; the model and the address are the operator's, so a 404 is, too.
const ofRequest = new Set([400, 413, 422]);

/** Whether a status may be the caller's own fault. */
export function mayBeOfRequest(status: number): boolean {
  return ofRequest.has(status);
}

/**
 * What the caller is told of an error: the upstream's own words where they are about the request, and nothing of it where they
 * are about the operator's business, which is what it is taken for in doubt.
 *
 * @param said all of the error, as text
 * @param message what it says to people
 */
export function toldOf(said: string, message: string | undefined, code?: unknown): string {
  const { limit, requested } =
    /\b(?:tpm|tokens per min)\b[^.\n]*?\blimit\s+(?<limit>[\d,]+)[^.\n]*?\brequested\s+(?<requested>[\d,]+)/i.exec(said)
      ?.groups ?? {};
  if (count(requested) > count(limit)) return tooLarge;
  const status = typeof code === "string" || typeof code === "number" ? Number(code) : Number.NaN;
  const foreign = Number.isInteger(status) && status >= 100 && status < 600 && !ofRequest.has(status);
  return message === undefined || foreign || operators.some((words) => words.test(said)) ? notNow : message;
}

function count(digits: string | undefined): number {
  return Number(digits?.replaceAll(",", ""));
}

/** An error that an upstream reports in an answer that began well. */
export interface UpstreamError {
  /** All of it, as text. */
  readonly said: string;
  readonly message?: string;
  readonly code?: unknown;
}

/**
 * The error in an answer or in one event of a stream, as aggregators send it under status 200; nothing where there is none. Looked
 * for where Chat Completions and Responses have it, and in one choice of several, never in what the model says.
 */
export function errorIn(value: unknown): UpstreamError | undefined {
  if (!isObject(value)) return undefined;
  const { error, response, choices, type, object } = value;
  if (error !== undefined && error !== null && error !== false) return asError(error);
  if (type === "error" || object === "error") return asError(value);
  const failed = (one: unknown) => isObject(one) && (Boolean(one.error) || one.finish_reason === "error");
  const choice = Array.isArray(choices) ? choices.find(failed) : undefined;
  if (choice) return asError(choice.error || choice);
  return isObject(response) ? errorIn({ error: response.error }) : undefined;
}

/** The error in one event of a stream. */
export function errorOfEvent(event: string): UpstreamError | undefined {
  const data = dataOf(event);
  if (data === undefined) return undefined;
  const value = parseJson(Buffer.from(data, "latin1").toString("utf8"));
  return errorIn(value) ?? (/^event: ?error\s*$/m.test(event) ? asError(value) : undefined);
}

/** The error in a body whose status says that it is one. */
export function errorOfBody(text: string): UpstreamError {
  const value = parseJson(text);
  return { ...(errorIn(value) ?? asError(value)), said: text };
}

function asError(error: unknown): UpstreamError {
  const said = JSON.stringify(error ?? null);
  if (typeof error === "string") return { said, message: error };
  if (!isObject(error)) return { said };
  const { message = error.detail, code } = error;
  return { said, code, ...(typeof message === "string" ? { message } : {}) };
}

/** A JSON text's value, or nothing where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
