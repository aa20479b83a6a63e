import { setTimeout as sleep } from "node:timers/promises";
import type { Update } from "grammy/types";
import type { Api } from "grammy/web";
import { type Fault, retryDelay, toFault } from "./fault.ts";
import type { Entry, Inbox } from "./inbox.ts";
import { pollSeconds } from "./poll-times.ts";

/** What the poller works with. */
export interface PollerParts {
  readonly api: Api;
  readonly inbox: Inbox;
  readonly retry: { readonly first: number; readonly most: number; readonly conflict: number };
  /** Ends the polling; what is being waited for is given up at once. */
  readonly signal: AbortSignal;
  wanted(update: Update): Entry | undefined;
  onEntry(entry: Entry): void;
  /** After each poll that Telegram answered. */
  onPoll(): void | Promise<void>;
  /** After each fault, with the seconds until the next try. */
  onFault(fault: Fault, nextSeconds: number): void;
}

/**
 * Polls until the signal fires. A poll's offset makes Telegram forget what lies below, so it moves only after the inbox has
 * written what came before.
 *
 * @returns the fault that only a person can mend, or undefined when it was told to stop
 */
export async function poll(parts: PollerParts): Promise<Fault | undefined> {
  const { api, inbox, signal } = parts;
  let failures = 0;
  // The first poll is not held, so that the service is ready as soon as Telegram has answered once.
  let timeout = 0;
  while (!signal.aborted) {
    try {
      const options = { offset: inbox.next, limit: 100, timeout, allowed_updates: ["message"] as const };
      const updates = await api.getUpdates(options, signal as Parameters<Api["getUpdates"]>[1]);
      await parts.onPoll();
      for (const entry of await inbox.accept(updates, parts.wanted)) parts.onEntry(entry);
      timeout = pollSeconds;
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      const fault = toFault(error);
      if (fault.kind === "unauthorized") return fault;
      // A short poll tells soon whether the fault is gone; another poller shows only when a poll is held for a while.
      timeout = fault.kind.startsWith("conflict") ? 5 : 0;
      failures += 1;
      const seconds = retryDelay(fault, failures, parts.retry);
      parts.onFault(fault, seconds);
      await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}
