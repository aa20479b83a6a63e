import { dataOf } from "./events.ts";

/** An error as an upstream reports it. */
export interface UpstreamError {
  /** All of it, as text. */
  readonly said: string;
  /** What it says to people. */
  readonly message?: string;
  /** What it says to programs: its codes, statuses and types. */
  readonly marks: readonly (string | number)[];
  /** The error of another API that it quotes. */
  readonly quoted?: string;
}

/**
 * The error in an answer or in one event of a stream, as aggregators send it under status 200; nothing where there is none. Looked
 * for where Chat Completions and Responses have it, in one choice of several, and where other APIs have it in an answer's place,
 * never in what the model says.
 */
export function errorIn(value: unknown): UpstreamError | undefined {
  // Google puts the one object that it answers with into an array.
  if (Array.isArray(value)) return first(value, errorIn);
  if (!isObject(value)) return undefined;
  const { error, response, choices, type, object } = value;
  if (isSaid(error)) return asError(error);
  if (type === "error" || object === "error") return asError(value);
  const failed = (one: unknown) => isObject(one) && (isSaid(one.error) || one.finish_reason === "error");
  const choice = Array.isArray(choices) ? choices.find(failed) : undefined;
  if (choice) return asError(isSaid(choice.error) ? choice.error : choice);
  return isObject(response) ? errorIn({ error: response.error }) : inPlaceOfAnswer(value);
}

// MiniMax, Cloudflare, FastAPI and DashScope have words of their own for an error, which say nothing beside an answer.
function inPlaceOfAnswer(value: Record<string, unknown>): UpstreamError | undefined {
  const { choices, output, data, type, base_resp, errors, detail, message, code } = value;
  if ([choices, output, data].some(isSaid) || (typeof type === "string" && type.startsWith("response.")))
    return undefined;
  if (isObject(base_resp) && Number(base_resp.status_code ?? 0) !== 0) return asError(base_resp);
  if (Array.isArray(errors) && isSaid(errors)) return asError(errors);
  return isSaid(detail) || (isSaid(message) && isSaid(code)) ? asError(value) : undefined;
}

// Some answers have a place for an error and nothing in it.
function isSaid(value: unknown): boolean {
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** The error in one event of a stream, or in what stands in an event's place: JSON without `data:`, or one to a line. */
export function errorOfEvent(event: string): UpstreamError | undefined {
  // A byte order mark, which may stand before the first one.
  const text = event.replace(/^\u00ef\u00bb\u00bf/, "");
  const lines = dataOf(text);
  const whole = lines.length === 0 ? text : lines.join("\n");
  const values = [whole, ...(lines.length > 1 ? lines : [])].map((one) =>
    parseJson(Buffer.from(one, "latin1").toString("utf8")),
  );
  const named = lines.length > 0 && /^event: ?error\s*$/m.test(text);
  return first(values, errorIn) ?? (named ? asError(values[0]) : undefined);
}

/** The error in a body whose status says that it is one. */
export function errorOfBody(text: string): UpstreamError {
  const value = parseJson(text);
  return { ...(errorIn(value) ?? asError(value)), said: text };
}

function asError(error: unknown): UpstreamError {
  const said = JSON.stringify(error ?? null);
  if (typeof error === "string") return { said, message: error, marks: [] };
  const one: unknown = Array.isArray(error) ? error.find(isObject) : error;
  if (!isObject(one)) return { said, marks: [] };
  const message = messageOf(one);
  const quoted = isObject(one.metadata) && typeof one.metadata.raw === "string" ? one.metadata.raw : undefined;
  const marks = [one.code, one.status, one.statusCode, one.status_code, one.type, one.reason].filter(
    (mark) => typeof mark === "string" || typeof mark === "number",
  );
  return { said, marks, ...(message === undefined ? {} : { message }), ...(quoted === undefined ? {} : { quoted }) };
}

// FastAPI, which vLLM and NVIDIA's endpoints are made with, says what it finds wrong in a list.
function messageOf({ message, detail, msg, status_msg, title }: Record<string, unknown>): string | undefined {
  const texts = Array.isArray(detail) ? detail.map((one) => (isObject(one) ? one.msg : one)) : [];
  const listed = texts.filter((text) => typeof text === "string").join("; ");
  return [message, detail, msg, status_msg, listed, title].find((text) => typeof text === "string" && text !== "") as
    | string
    | undefined;
}

function first<T, R>(values: readonly T[], find: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = find(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A JSON text's value, or nothing where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
