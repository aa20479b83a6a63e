/** An update of the Bot API as far as the stand-in makes them. */
export interface Update {
  readonly update_id: number;
  readonly message: Record<string, unknown>;
}

/** How a poll ended: with updates (perhaps none), or taken over by another poller. */
export type PollEnd = { readonly updates: readonly Update[] } | { readonly conflict: true };

interface Held {
  readonly offset: number;
  readonly limit: number;
  readonly timer: NodeJS.Timeout;
  end(how: PollEnd): void;
}

/**
 * The updates waiting for a bot, with the rules of `getUpdates`: an offset acknowledges everything below it, what is not
 * acknowledged is delivered again, and a second poller ends the poll of the first.
 */
export interface Updates {
  add(message: Record<string, unknown>): Update;
  /** Ends at once when there is something, else with the first update, after `timeoutSeconds`, or when `gone` fires. */
  poll(request: { offset: number; limit: number; timeoutSeconds: number; gone: AbortSignal }): Promise<PollEnd>;
  /** Puts acknowledged updates back, as a server that forgot the acknowledgement would. */
  redeliver(): number;
  /** Ends a held poll as a conflict. */
  interrupt(): void;
  readonly state: { pending: number; acknowledged: number; polling: boolean; conflicts: number };
}

// Numbers start at the clock, because a stand-in that starts again must not use those of its earlier life once more.
export function createUpdates(firstId = Math.floor(Date.now() / 1000)): Updates {
  let pending: Update[] = [];
  let acknowledged: Update[] = [];
  let nextId = firstId;
  let held: Held | undefined;
  let conflicts = 0;

  const from = (offset: number, limit: number) => pending.filter((u) => u.update_id >= offset).slice(0, limit);

  function acknowledge(offset: number): void {
    acknowledged = [...acknowledged, ...pending.filter((u) => u.update_id < offset)].slice(-1000);
    pending = pending.filter((u) => u.update_id >= offset);
  }

  function wake(): void {
    if (held === undefined) return;
    const updates = from(held.offset, held.limit);
    if (updates.length > 0) held.end({ updates });
  }

  function interrupt(): void {
    if (held === undefined) return;
    conflicts += 1;
    held.end({ conflict: true });
  }

  return {
    add(message) {
      const update = { update_id: nextId++, message };
      pending.push(update);
      wake();
      return update;
    },

    poll({ offset, limit, timeoutSeconds, gone }) {
      acknowledge(offset);
      const updates = from(offset, limit);
      if (updates.length > 0 || timeoutSeconds <= 0) return Promise.resolve({ updates });
      interrupt();
      return new Promise((resolve) => {
        const end = (how: PollEnd) => {
          clearTimeout(mine.timer);
          if (held === mine) held = undefined;
          resolve(how);
        };
        const mine: Held = { offset, limit, end, timer: setTimeout(() => end({ updates: [] }), timeoutSeconds * 1000) };
        held = mine;
        gone.addEventListener("abort", () => end({ updates: [] }), { once: true });
      });
    },

    redeliver() {
      const again = acknowledged;
      acknowledged = [];
      pending = [...again, ...pending];
      // A server that forgets an acknowledgement does not look at the offset either, so these are handed out once more.
      held?.end({ updates: pending });
      return again.length;
    },

    interrupt,

    get state() {
      return { pending: pending.length, acknowledged: acknowledged.length, polling: held !== undefined, conflicts };
    },
  };
}
