import { overflowIn } from "./context-overflow.ts";
import { speaksOfLimits, speaksOfProvider, withoutStatus } from "./provider-faults.ts";
import type { UpstreamError } from "./upstream-error.ts";

// One text for everything that is the operator's business. The agent reads errors by their words as well as by their number:
// anything about keys or limits makes it put the model away for a minute, and any 5xx makes it try for longer than that.
/** What the caller is told when the model did not answer. */
export const notNow =
  "The model did not answer this request. The reason is in the log of the inference route on the machine.";

// In words by which the agent sees that it has to shorten what it sends; anything about a minute makes it wait instead.
const tooLarge = "This request is too large for the model: it exceeds the maximum context length.";

// What is about the request itself; the model and the address are the operator's, so a 404 is, too.
const ofRequest = new Set([400, 413, 422]);

/** Whether a status may be the caller's own fault. */
export function mayBeOfRequest(status: number): boolean {
  return ofRequest.has(status);
}

/**
 * What the caller is told of an error. First of all that the request is too long, whatever else is said, because the agent can mend
 * that alone; then the upstream's own words where they are about the request, and nothing of it where they are about the operator's
 * business, which is what it is taken for in doubt.
 */
export function toldOf(whole: UpstreamError): string {
  const error = cut(whole);
  const { said, message, marks } = error;
  if (isAboveCeiling(said)) return tooLarge;
  const harmless = message === undefined || speaksOfProvider(message) ? undefined : withoutStatus(message);
  const overflow = overflowOf(error);
  if (overflow === "its own words") return harmless ?? tooLarge;
  if (overflow) return harmless === undefined ? tooLarge : `${tooLarge} ${harmless}`;
  return harmless === undefined || marks.some(isForeign) || speaksOfProvider(said) ? notNow : harmless;
}

// The agent reads no more of a message. Some upstreams send all of the request back, and looking through that takes long.
const mostRead = 4096;

function cut({ said, message, quoted, ...error }: UpstreamError): UpstreamError {
  return {
    ...error,
    said: said.slice(0, 4 * mostRead),
    ...(message === undefined ? {} : { message: message.slice(0, mostRead) }),
    ...(quoted === undefined ? {} : { quoted: quoted.slice(0, mostRead) }),
  };
}

// A limit for a minute that is below what this one request asks for: waiting does not help.
function isAboveCeiling(said: string): boolean {
  const { limit, requested } =
    /\b(?:tpm|tokens per min)\b[^.\n]*?\blimit\s+(?<limit>[\d,]+)[^.\n]*?\brequested\s+(?<requested>[\d,]+)/i.exec(said)
      ?.groups ?? {};
  return count(requested) > count(limit);
}

function count(digits: string | undefined): number {
  return Number(digits?.replaceAll(",", ""));
}

// "The monthly limit is exceeded" is no matter of length, whatever it is counted in.
function overflowOf({ message = "", marks, quoted = "" }: UpstreamError): ReturnType<typeof overflowIn> {
  if (speaksOfLimits(message)) return undefined;
  const found = overflowIn(message);
  if (found) return found;
  return [...marks.map(String), quoted].some((text) => overflowIn(text) && !speaksOfLimits(text))
    ? "other words"
    : undefined;
}

function isForeign(mark: string | number): boolean {
  const text = String(mark);
  if (/^[1-5]\d\d$/.test(text)) return !ofRequest.has(Number(text));
  return /^(?:api_error|internal|unknown|cancelled|aborted)$/i.test(text) || withoutStatus(text) === undefined;
}
