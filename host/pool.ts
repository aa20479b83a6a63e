import { Connection } from "./connection.ts";
import { HostError } from "./errors.ts";
import type { Host } from "./host.ts";
import { Looker } from "./looker.ts";
import type { Machine } from "./machine.ts";
import { takeLock } from "./operator-lock.ts";
import { defaultPlaces, type Places } from "./places.ts";
import { Redactor } from "./redact.ts";
import { type Session, SshHost, type SshHostOptions } from "./ssh-host.ts";

export interface ConnectOptions extends SshHostOptions {
  /** Seconds to keep trying a machine that is not up yet. @default NEMOCLAW_CONNECT_SECONDS, or 120 */
  readonly connectSeconds?: number;
  /** Seconds to wait for another operator. @default 15 */
  readonly lockSeconds?: number;
  /** Where things lie on a stand-in for a machine. */
  readonly places?: Places;
}

const sessions = new Map<string, PooledSession>();
const redactor = new Redactor();

/**
 * A machine, ready to be looked at and changed. Within a process all users of a machine share one connection, what is known
 * about it, and the operator lock; a connection that died is dialled again when it is needed.
 *
 * @throws HostError of kind `unreachable`, `host-key`, `auth` or `cancelled`
 *
 * @example
 * const host = await connectTo(machine, { signal, log: (line) => console.error(line) });
 * await ensure(host, ensureDirectory({ path: "/etc/nemoclaw" }));
 * await closeAll();
 */
export async function connectTo(machine: Machine, options: ConnectOptions = {}): Promise<Host> {
  const key = keyOf(machine);
  let session = sessions.get(key);
  if (!session) {
    session = new PooledSession(machine, options);
    sessions.set(key, session);
  }
  await session.connection(options);
  return new SshHost(machine, session, options);
}

/**
 * Ends the connection to a machine reached with exactly these host keys, and gives its operator lock back: the same machine
 * under other keys is another session, which would wait for it.
 */
export async function disconnectFrom(machine: Machine): Promise<void> {
  const key = keyOf(machine);
  const session = sessions.get(key);
  sessions.delete(key);
  await session?.close();
}

function keyOf({ user, address, port, hostKeys, via }: Machine): string {
  return JSON.stringify([user, address, port, [...hostKeys].sort(), via]);
}

/** Ends every connection of this process, and with them the operator locks. */
export async function closeAll(): Promise<void> {
  const open = [...sessions.values()];
  sessions.clear();
  await Promise.all(open.map((session) => session.close()));
}

interface Dial {
  readonly connection: Promise<Connection>;
  readonly controller: AbortController;
  readonly logs: Set<(line: string) => void>;
  waiting: number;
}

class PooledSession implements Session {
  readonly places: Places;
  readonly looker: Looker;
  readonly redactor = redactor;
  readonly #machine: Machine;
  readonly #options: ConnectOptions;
  #live: Connection | undefined;
  #dial: Dial | undefined;
  #lock: { connection: Connection; taken: Promise<{ readonly held: boolean }> } | undefined;

  constructor(machine: Machine, options: ConnectOptions) {
    this.#machine = machine;
    this.#options = options;
    this.places = options.places ?? defaultPlaces;
    this.looker = new Looker(() => this.connection({}), machine.user);
    redactor.add(machine.privateKey);
    if (machine.via?.kind === "jump") redactor.add(machine.via.privateKey);
  }

  async connection({ signal, log }: SshHostOptions): Promise<Connection> {
    if (this.#live && !this.#live.closed) return this.#live;
    if (signal?.aborted) throw this.#cancelled();
    this.#dial ??= this.#start();
    const dial = this.#dial;
    dial.waiting += 1;
    if (log) dial.logs.add(log);
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const abort = () => reject(this.#cancelled());
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([dial.connection, cancelled]);
    } finally {
      signal?.removeEventListener("abort", abort);
      if (log) dial.logs.delete(log);
      dial.waiting -= 1;
      // Nobody waits any more: a dial that goes on would keep the process alive until its deadline.
      if (dial.waiting === 0 && this.#dial === dial) dial.controller.abort();
    }
  }

  async lock(connection: Connection, log: (line: string) => void): Promise<void> {
    const current = this.#lock;
    if (current?.connection === connection && (await current.taken).held) return;
    if (this.#lock === current) {
      const { owner, user } = this.#machine;
      const waitSeconds = this.#options.lockSeconds;
      const taken = takeLock(connection, { owner, user, places: this.places, waitSeconds, log });
      this.#lock = { connection, taken };
      taken.catch(() => {
        this.#lock = undefined;
      });
    }
    await this.#lock?.taken;
  }

  async close(): Promise<void> {
    this.#dial?.controller.abort();
    await this.#live?.close();
  }

  #start(): Dial {
    const controller = new AbortController();
    const logs = new Set<(line: string) => void>();
    const connection = Connection.open(this.#machine, {
      connectSeconds: this.#options.connectSeconds,
      signal: controller.signal,
      log: (line) => {
        for (const log of logs) log(line);
      },
    });
    const over = () => {
      this.#dial = undefined;
    };
    connection.then((live) => {
      over();
      if (controller.signal.aborted) void live.close();
      else this.#live = live;
    }, over);
    return { connection, controller, logs, waiting: 0 };
  }

  #cancelled(): HostError {
    return new HostError("cancelled", { summary: `cancelled while connecting to ${this.#machine.address}` });
  }
}
