import pRetry from "p-retry";
import type { Client } from "ssh2";
import { carrierFault } from "./carrier-fault.ts";
import { checkPrivateKey, type Endpoint, type Keepalive, logIn, NotUpYet, placeOf } from "./dial.ts";
import { HostError } from "./errors.ts";
import type { Machine } from "./machine.ts";
import { commandWire, tcpWire, type Wire } from "./socket.ts";

const notUpYet = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ECONNRESET",
  "EPIPE",
  "EAI_AGAIN",
]);
const attemptMs = 20_000;

export interface ReachOptions {
  /** Seconds to keep trying a machine that is not up yet. @default NEMOCLAW_CONNECT_SECONDS, or 120 */
  readonly connectSeconds?: number;
  readonly signal?: AbortSignal;
  /** Told once when the first attempt finds nothing, and about every ten seconds from then on. */
  readonly log?: (line: string) => void;
  /** @default a minute in all */
  readonly keepalive?: Keepalive;
}

/**
 * Logs in to a machine, over its `via` if it has one. Tries again, until a deadline, only while the machine is not up
 * yet; a wrong host key or a refused key ends it at once.
 *
 * @throws HostError of kind `unreachable`, `host-key`, `auth` or `cancelled`
 */
export async function reach(machine: Machine, options: ReachOptions = {}): Promise<Client> {
  const where = placeOf(machine);
  const seconds = options.connectSeconds ?? defaultSeconds();
  const started = Date.now();
  const left = () => Math.max(0, seconds * 1000 - (Date.now() - started));
  let told = 0;
  checkPrivateKey(machine);
  if (machine.via?.kind === "jump") checkPrivateKey(machine.via);
  try {
    return await pRetry(() => attempt(machine, Math.min(attemptMs, Math.max(1000, left())), options), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 250,
      maxTimeout: 3000,
      factor: 1.6,
      maxRetryTime: seconds * 1000,
      signal: options.signal,
      shouldRetry: ({ error }) => error instanceof NotUpYet && left() > 0,
      onFailedAttempt: ({ error }) => {
        if (!(error instanceof NotUpYet) || Date.now() - told < 10_000) return;
        told = Date.now();
        const said = error.details.said?.split("\n")[0];
        options.log?.(
          `waiting for ${where}: ${said ?? error.details.summary} (for another ${Math.round(left() / 1000)} s)`,
        );
      },
    });
  } catch (error) {
    if (options.signal?.aborted) throw cancelled(where, error);
    if (!(error instanceof NotUpYet)) throw error;
    throw new HostError("unreachable", {
      ...error.details,
      summary: `${error.details.summary} (tried for ${Math.round((Date.now() - started) / 1000)} s)`,
      try:
        error.details.try ?? "check that the machine runs and that its firewall lets this address in on the SSH port",
    });
  }
}

function defaultSeconds(): number {
  const given = Number(process.env.NEMOCLAW_CONNECT_SECONDS);
  return Number.isFinite(given) && given > 0 ? given : 120;
}

function cancelled(where: string, cause: unknown): HostError {
  return new HostError("cancelled", { summary: `cancelled while connecting to ${where}`, cause });
}

async function attempt(machine: Machine, timeoutMs: number, { signal, keepalive }: ReachOptions): Promise<Client> {
  let wire: Wire | undefined;
  const drop = () => wire?.close();
  signal?.addEventListener("abort", drop, { once: true });
  try {
    wire = await openWire(machine, timeoutMs);
    if (signal?.aborted) throw cancelled(placeOf(machine), signal.reason);
    return await logIn(machine, wire, timeoutMs, keepalive);
  } catch (error) {
    wire?.close();
    const { via } = machine;
    if (via?.kind !== "command" || !(error instanceof NotUpYet)) throw error;
    throw carrierFault(via.argv, placeOf(machine), error) ?? error;
  } finally {
    signal?.removeEventListener("abort", drop);
  }
}

/** What is to be reached, and what is on the way to it; what it must prove is not asked here. */
export type Destination = Pick<Machine, "address" | "port" | "user" | "via" | "privateKey" | "agentSocket">;

/**
 * Opens the wire to an SSH server, over its `via` if it has one; nothing is spoken on it yet.
 *
 * @throws HostError of kind `unreachable`, and from the jump host `host-key` or `auth`
 */
export async function openWire(machine: Destination, timeoutMs: number): Promise<Wire> {
  const { via } = machine;
  if (via?.kind === "command") return commandWire(via.argv, placeOf(machine));
  if (via?.kind === "jump") {
    const jump = { ...via, privateKey: via.privateKey ?? machine.privateKey, agentSocket: machine.agentSocket };
    return through(jump, machine, timeoutMs);
  }
  return tcp(machine, timeoutMs);
}

async function through(jump: Endpoint, machine: Destination, timeoutMs: number): Promise<Wire> {
  const client = await logIn(jump, await tcp(jump, timeoutMs), timeoutMs);
  return new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", 0, machine.address, machine.port, (cause, stream) => {
      if (!cause) return resolve({ stream, close: () => client.end(), said: async () => "" });
      client.end();
      reject(
        new NotUpYet("unreachable", {
          summary: `${placeOf(machine)} does not answer through ${placeOf(jump)}`,
          said: cause.message,
          cause,
        }),
      );
    });
  });
}

async function tcp(endpoint: Destination, timeoutMs: number): Promise<Wire> {
  try {
    return await tcpWire(endpoint.address, endpoint.port, timeoutMs);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const details = { summary: `${placeOf(endpoint)} cannot be reached`, said: cause.message || cause.code, cause };
    if (cause.code && notUpYet.has(cause.code)) throw new NotUpYet("unreachable", details);
    throw new HostError("unreachable", { ...details, try: "check the address and the port of the machine" });
  }
}
