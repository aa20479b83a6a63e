import { setTimeout as sleep } from "node:timers/promises";
// grammY's build on Node's own fetch: its other one brings a fetch that knows an AbortSignal by the name of its class, which
// bundling changes.
import { Api } from "grammy/web";
import { notify } from "../notify.ts";
import type { BridgeConfig } from "./config.ts";
import { type Fault, retryDelay, toFault } from "./fault.ts";
import { type Entry, openInbox } from "./inbox.ts";
import type { Log } from "./log.ts";
import { createAdmission } from "./message.ts";
import { callSeconds, pollSeconds } from "./poll-times.ts";
import { poll } from "./poller.ts";
import { createRelay } from "./relay.ts";
import { createStatus } from "./status.ts";

/** What a bridge is made of; `state` is its folder, `status` its status file. */
export interface BridgeParts {
  readonly config: BridgeConfig;
  readonly token: string;
  readonly state: string;
  readonly status: string;
  readonly log: Log;
  /** Asks the bridge to stop; running turns have 30 s to end. */
  readonly stop: AbortSignal;
}

const drainSeconds = 30;

/**
 * Runs the bridge until it is asked to stop.
 *
 * @returns the fault that only a person can mend: the token is not accepted
 * @throws when the state folder cannot be read
 */
export async function runBridge({
  config,
  token,
  state,
  status: file,
  log,
  stop,
}: BridgeParts): Promise<Fault | undefined> {
  const inbox = await openInbox(state);
  const root = { apiRoot: config.apiRoot };
  const api = new Api(token, { ...root, timeoutSeconds: callSeconds });
  const pollingApi = new Api(token, { ...root, timeoutSeconds: pollSeconds + callSeconds });
  const polling = new AbortController();
  const stopPolling = () => polling.abort();
  stop.addEventListener("abort", stopPolling, { once: true });
  if (stop.aborted) stopPolling();

  const status = createStatus(
    file,
    { startedAt: new Date().toISOString(), conflict: false, queue: 0, chats: config.chats.length, answered: 0 },
    (reason) => log.error("status file cannot be written", { file, reason }),
  );
  const queue = () => status.set({ queue: inbox.pending.length });

  let rejected: Fault | undefined;
  const relay = createRelay({
    api,
    config,
    inbox,
    log,
    session: (chat) => `telegram-${chat}`,
    onFinished: (answered) =>
      status.set({ queue: inbox.pending.length, answered: status.now.answered + (answered ? 1 : 0) }),
    onUnauthorized: (message) => {
      rejected ??= { kind: "unauthorized", message };
      stopPolling();
    },
  });

  function onFault(fault: Fault, nextSeconds: number): void {
    log.warn("poll failed", { kind: fault.kind, reason: fault.message, nextSeconds });
    const lastError = log.redact(fault.message);
    status.set({ lastError, lastErrorKind: fault.kind, conflict: fault.kind.startsWith("conflict") });
  }

  async function forget(entry: Entry): Promise<void> {
    log.warn("waiting message of a chat that is no longer listed dropped", { chat: entry.chat });
    await inbox.finish(entry);
    queue();
  }

  let ready = false;
  async function onPoll(): Promise<void> {
    if (status.now.lastError !== undefined) log.info("polling again");
    status.set({
      lastPollAt: new Date().toISOString(),
      lastError: undefined,
      lastErrorKind: undefined,
      conflict: false,
    });
    if (ready) return;
    ready = true;
    log.info("polling", { bot: status.now.bot, chats: config.chats.length, queue: inbox.pending.length });
    await notify(`polling as ${status.now.bot}`, true);
    // What was left by the last run goes first: it is older than anything the first poll brings.
    for (const entry of inbox.pending) {
      if (config.chats.includes(entry.chat)) relay.add(entry);
      else await forget(entry);
    }
  }

  async function introduce(): Promise<void> {
    for (let failures = 1; !polling.signal.aborted; failures += 1) {
      try {
        const me = await api.getMe(polling.signal as Parameters<Api["getMe"]>[0]);
        status.set({ bot: me.username });
        return;
      } catch (error) {
        if (polling.signal.aborted) return;
        const fault = toFault(error);
        if (fault.kind === "unauthorized") {
          rejected = fault;
          return;
        }
        const seconds = retryDelay(fault, failures, config.retrySeconds);
        onFault(fault, seconds);
        await sleep(seconds * 1000, undefined, { signal: polling.signal }).catch(() => {});
      }
    }
  }

  queue();
  await introduce();
  if (rejected === undefined) {
    const fault = await poll({
      api: pollingApi,
      inbox,
      retry: config.retrySeconds,
      signal: polling.signal,
      wanted: createAdmission(config.chats, log),
      onEntry: (entry) => {
        relay.add(entry);
        queue();
      },
      onPoll,
      onFault,
    });
    rejected ??= fault;
  }
  stop.removeEventListener("abort", stopPolling);
  log.info("stopping", { queue: inbox.pending.length });
  await relay.drain(drainSeconds);
  if (rejected !== undefined) status.set({ lastError: log.redact(rejected.message), lastErrorKind: rejected.kind });
  return rejected;
}
