import type { Api } from "grammy/web";
import pLimit from "p-limit";
import type { BridgeConfig } from "./config.ts";
import { deliver } from "./delivery.ts";
import { retryDelay, toFault } from "./fault.ts";
import type { Entry, Inbox } from "./inbox.ts";
import type { Log } from "./log.ts";
import { createSender, pause } from "./sender.ts";
import { splitText } from "./split.ts";
import { runTurn } from "./turn.ts";

/** What the relay works with. */
export interface RelayParts {
  readonly api: Api;
  readonly config: BridgeConfig;
  readonly inbox: Inbox;
  readonly log: Log;
  /** The agent's session for a chat's messages. */
  session(chat: number): string;
  /** Called when a message is done with; `answered` tells whether anything of its answer is out. */
  onFinished(answered: boolean): void;
  /** Called when Telegram no longer takes the token; the message stays in the inbox. */
  onUnauthorized(message: string): void;
}

/** Takes messages to the agent and its answers back: one turn at a time per chat, chats side by side. */
export interface Relay {
  add(entry: Entry): void;
  /**
   * Begins no new turn and waits for those that run; after `seconds` they are ended and stay in the inbox.
   */
  drain(seconds: number): Promise<void>;
}

const textOnly = "I can only read text messages.";
const failed = "Sorry, I could not answer that. Please try again in a moment.";
const empty = "(The answer has no text.)";

// Each turn is a process of some 50 MB; more at once would not fit the unit's memory limit.
const turnsAtOnce = 8;
// A message whose turn takes the bridge down with it, again and again, must not hold up its chat for ever.
const mostAttempts = 3;

export function createRelay({ api, config, inbox, log, session, onFinished, onUnauthorized }: RelayParts): Relay {
  const lanes = new Map<number, Promise<void>>();
  const slots = pLimit(turnsAtOnce);
  const ended = new AbortController();
  const sender = createSender({ api, retry: config.retrySeconds, log, signal: ended.signal, onUnauthorized });
  let draining = false;

  function add(entry: Entry): void {
    const before = lanes.get(entry.chat) ?? Promise.resolve();
    const lane = before.then(() => work(entry));
    lanes.set(entry.chat, lane);
    void lane.then(() => {
      if (lanes.get(entry.chat) === lane) lanes.delete(entry.chat);
    });
  }

  // Never rejects. A fault of our own (a full disk) holds up this chat and is tried again; no message is passed over.
  async function work(entry: Entry): Promise<void> {
    for (let failures = 1; !draining; failures += 1) {
      try {
        entry.answer ??= await answer(entry);
        if (entry.answer === undefined) return;
        const delivery = await deliver(entry, { sender, inbox, log });
        if (delivery === "later") return;
        await inbox.finish(entry);
        onFinished(delivery === "answered");
        return;
      } catch (error) {
        const fault = toFault(error);
        log.error("message held up", { ...names(entry), reason: fault.message });
        if (!(await pause(retryDelay(fault, failures, config.retrySeconds), ended.signal))) return;
      }
    }
  }

  async function answer(entry: Entry): Promise<Entry["answer"]> {
    const text = await reply(entry);
    if (text === undefined) return undefined;
    const parts = splitText(text);
    const made = { parts: parts.length === 0 ? [empty] : parts, sent: 0 };
    // Written before it is sent: after a crash the same answer goes on, instead of a second turn.
    await inbox.save({ ...entry, answer: made });
    return made;
  }

  async function reply(entry: Entry): Promise<string | undefined> {
    const message = entry.text;
    if (message === undefined) return textOnly;
    if (entry.attempts >= mostAttempts) {
      log.error("message given up", { ...names(entry), attempts: entry.attempts });
      return failed;
    }
    return await slots(() => (draining ? undefined : turn(entry, message)));
  }

  async function turn(entry: Entry, message: string): Promise<string | undefined> {
    entry.attempts += 1;
    await inbox.save(entry);
    const stopTyping = sender.showTyping(entry);
    const begun = Date.now();
    log.info("turn begun", { ...names(entry), length: message.length, attempt: entry.attempts });
    const result = await runTurn({
      argv: config.turn.argv,
      session: session(entry.chat),
      message,
      timeoutSeconds: config.turnTimeoutSeconds,
      signal: ended.signal,
    });
    stopTyping();
    const facts = { ...names(entry), ms: Date.now() - begun };
    if ("text" in result) {
      log.info("turn ended", { ...facts, length: result.text.length, model: result.model });
      return result.text;
    }
    const { kind, message: reason } = result.error;
    log.error("turn failed", { ...facts, kind, reason: reason.slice(0, 500) });
    if (kind !== "stopped") return failed;
    entry.attempts -= 1; // ended by us, not by its own fault
    await inbox.save(entry);
    return undefined;
  }

  async function drain(seconds: number): Promise<void> {
    draining = true;
    const timer = setTimeout(() => ended.abort(), seconds * 1000);
    while (lanes.size > 0) await Promise.all(lanes.values());
    clearTimeout(timer);
  }

  return { add, drain };
}

function names({ updateId, chat }: Entry): { update: number; chat: number } {
  return { update: updateId, chat };
}
