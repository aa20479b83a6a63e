import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** What the gateway said to a request. */
export type Reply =
  | { readonly ok: true; readonly payload: Record<string, unknown> }
  | { readonly ok: false; readonly code: string; readonly message: string };

interface Waiting {
  readonly settle: (reply: Reply) => void;
  /** Passes over the first answer, which only says that the work was taken on. */
  readonly final: boolean;
}

/**
 * A connection to the agent's gateway on the loopback inside, which comes back by itself: the gateway restarts its listener
 * when its settings change. The handshake is OpenClaw's for a local back end with a token; protocol 4.
 */
export class GatewayClient {
  readonly #url: string;
  readonly #token: string;
  readonly #scopes: readonly string[];
  readonly #waiting = new Map<string, Waiting>();
  #socket: WebSocket | undefined;
  #greeted: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(url: string, token: string, scopes: readonly string[] = ["operator.read", "operator.write"]) {
    this.#url = url;
    this.#token = token;
    this.#scopes = scopes;
  }

  /** Connects, and again whenever the connection is lost, until the process ends. */
  async keepConnected(changed: (connected: boolean, why: string) => void): Promise<never> {
    for (;;) {
      const why = await this.connectOnce(() => changed(true, ""));
      changed(false, why);
      await sleep(250);
    }
  }

  /** Connects once, and resolves with the reason when the connection ends. */
  async connectOnce(greeted: () => void = () => {}): Promise<string> {
    const why = await this.#connected(greeted);
    this.#fail(why);
    return why;
  }

  close(): void {
    this.#socket?.close();
  }

  /** Sends a request once there is a connection. Whoever asks sets the deadline. */
  async request(method: string, params: object, final: boolean = false): Promise<Reply> {
    await this.#greeted.promise;
    return this.#send(method, params, final);
  }

  #send(method: string, params: object, final: boolean): Promise<Reply> {
    const id = randomUUID();
    return new Promise((settle) => {
      this.#waiting.set(id, { settle, final });
      this.#socket?.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  async #connected(greeted: () => void): Promise<string> {
    return new Promise((closed) => {
      const socket = new WebSocket(this.#url);
      this.#socket = socket;
      let why = "";
      socket.onmessage = async ({ data }) => {
        const frame = JSON.parse(String(data)) as Record<string, unknown>;
        if (frame.type === "res") this.#answered(frame);
        if (frame.type !== "event" || frame.event !== "connect.challenge") return;
        const hello = await this.#send("connect", this.#introduction(), false);
        if (hello.ok) {
          greeted();
          this.#greeted.resolve();
          return;
        }
        why = hello.message;
        socket.close();
      };
      socket.onerror = () => {};
      socket.onclose = ({ code, reason }) => closed(why || reason || `connection closed (${code})`);
    });
  }

  #introduction(): object {
    return {
      minProtocol: 4,
      maxProtocol: 4,
      client: { id: "gateway-client", version: "1.0.0", platform: "linux", mode: "backend" },
      role: "operator",
      scopes: this.#scopes,
      caps: [],
      auth: { token: this.#token },
    };
  }

  #answered(frame: Record<string, unknown>): void {
    const id = String(frame.id);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const payload = record(frame.payload);
    if (frame.ok === true && waiting.final && payload.status === "accepted") return;
    this.#waiting.delete(id);
    const { code, message } = record(frame.error);
    waiting.settle(
      frame.ok === true
        ? { ok: true, payload }
        : { ok: false, code: String(code ?? "UNKNOWN"), message: String(message ?? "no reason given") },
    );
  }

  #fail(why: string): void {
    this.#greeted = Promise.withResolvers();
    for (const { settle } of this.#waiting.values()) settle({ ok: false, code: "CLOSED", message: why });
    this.#waiting.clear();
  }
}

/** A value as an object; an empty one when it is none. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
