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
 * for where Chat Completions and Responses have it, and in one choice of several, never in what the model says.
 */
export function errorIn(value: unknown): UpstreamError | undefined {
  // Google puts the one object that it answers with into an array.
  if (Array.isArray(value)) return first(value, errorIn);
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
function messageOf({ message, detail, msg, title }: Record<string, unknown>): string | undefined {
  const texts = Array.isArray(detail) ? detail.map((one) => (isObject(one) ? one.msg : one)) : [];
  const listed = texts.filter((text) => typeof text === "string").join("; ");
  return [message, detail, msg, listed || title].find((text) => typeof text === "string");
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
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
