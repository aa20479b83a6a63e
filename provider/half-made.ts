import { HostError, type HostErrorKind } from "../host/errors.ts";
import { rewrap, unwrap } from "./wire.ts";

/** Failures after which nothing had been touched yet, or all of it was put back: there is nothing to record. */
const UNTOUCHED: ReadonlySet<HostErrorKind> = new Set([
  "unreachable",
  "host-key",
  "auth",
  "sudo",
  "locked",
  "foreign",
  "switched-back",
]);

/** A failure after a part was seen to be done; what is known by then goes into state, whatever the reason. No secrets. */
export class PartlyMade extends Error {
  readonly known: Readonly<Record<string, unknown>>;

  constructor(cause: unknown, known: Readonly<Record<string, unknown>>) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.known = known;
  }
}

/** All of it comes to the engine in one HTTP/2 header, of which a client takes 64 KiB; there it is written in base64, beside the message. */
const mostCharacters = 32_000;
/** Longer than any key: a bundle of certificates. */
const longText = 8_000;

/**
 * What the SDK understands as "it exists but is not right yet": an error that carries an id and properties is saved to
 * state with its reasons, so the next `up` goes on from there and `destroy` knows what to remove.
 */
export function halfMade(error: unknown, id: string, properties: Record<string, unknown>): unknown {
  if (error instanceof PartlyMade) {
    const { message } = error;
    return record(message, id, { ...properties, ...error.known });
  }
  if (!(error instanceof HostError) || UNTOUCHED.has(error.kind)) return error;
  return record(error.message, id, properties);
}

// A message that does not arrive tells nobody anything: what is too long for the way is left out of state, where the next `up`
// finds it missing; a record that is still too long is not made.
function record(message: string, id: string, properties: Record<string, unknown>): Error {
  const fits = (record: Record<string, unknown>) => JSON.stringify(record).length <= mostCharacters;
  const kept = fits(properties) ? properties : withoutLongTexts(properties);
  return fits(kept)
    ? Object.assign(new Error(message), { id, properties: kept, reasons: [message] })
    : new Error(message);
}

function withoutLongTexts(properties: Record<string, unknown>): Record<string, unknown> {
  const { plain, secrets } = unwrap(properties);
  const short = (_: string, value: unknown) =>
    typeof value === "string" && value.length > longText ? undefined : value;
  return rewrap(JSON.parse(JSON.stringify(plain, short)), secrets);
}
