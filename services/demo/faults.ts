/**
 * A fault that an operator asks for, to see how the other side takes it. `cut` ends the connection before the answer (a
 * streamed answer: in its middle); `lost` does what was asked and then ends the connection, so that the caller cannot know.
 */
export interface Fault {
  readonly status: number | "cut" | "lost" | "none";
  /** Seconds, sent with 429 as both the header and Telegram's `parameters.retry_after`. */
  readonly retryAfter?: number;
  /** Seconds to wait before anything is answered. */
  readonly delaySeconds?: number;
  /** Only calls of this Bot API method, for example `sendMessage`. Default: any call but `getUpdates` and `getMe`. */
  readonly method?: string;
  times: number;
}

/** The faults still to come, in the order in which they were asked for. */
export interface Faults {
  add(request: Record<string, unknown>): Fault;
  /** The fault for this call, used up by the asking; undefined as a rule. */
  take(method?: string): Fault | undefined;
  clear(): void;
}

// A fault without a method must hit the call that a test means, not the poll that happens to come first.
const background = new Set(["getupdates", "getme"]);

export function createFaults(): Faults {
  let waiting: Fault[] = [];
  return {
    add(request) {
      const status = request.status ?? "none";
      if (typeof status !== "number" && !["cut", "lost", "none"].includes(String(status))) {
        throw new Error('status must be a number, "cut", "lost" or "none" (with delaySeconds)');
      }
      const fault: Fault = {
        status: status as Fault["status"],
        times: number(request.times, 1) ?? 1,
        retryAfter: number(request.retryAfter),
        delaySeconds: number(request.delaySeconds),
        method: typeof request.method === "string" ? request.method : undefined,
      };
      waiting.push(fault);
      return fault;
    },

    take(method) {
      const called = method?.toLowerCase();
      const fault = waiting.find((f) =>
        f.method === undefined ? called === undefined || !background.has(called) : f.method.toLowerCase() === called,
      );
      if (fault === undefined) return undefined;
      fault.times -= 1;
      if (fault.times <= 0) waiting = waiting.filter((f) => f !== fault);
      return fault;
    },

    clear() {
      waiting = [];
    },
  };
}

function number(value: unknown, fallback?: number): number | undefined {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Error("times, retryAfter, delaySeconds: a number");
  return value;
}
