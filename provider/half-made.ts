import { HostError, type HostErrorKind } from "../host/errors.ts";

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

/**
 * What the SDK understands as "it exists but is not right yet": an error that carries an id and properties is saved to
 * state with its reasons, so the next `up` goes on from there and `destroy` knows what to remove.
 */
export function halfMade(error: unknown, id: string, properties: Record<string, unknown>): unknown {
  if (error instanceof PartlyMade) {
    const { message } = error;
    return Object.assign(new Error(message), { id, properties: { ...properties, ...error.known }, reasons: [message] });
  }
  if (!(error instanceof HostError) || UNTOUCHED.has(error.kind)) return error;
  return Object.assign(new Error(error.message), { id, properties, reasons: [error.message] });
}
