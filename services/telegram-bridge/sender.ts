import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "grammy/web";
import type { BridgeConfig } from "./config.ts";
import { retryDelay, toFault } from "./fault.ts";
import type { Entry } from "./inbox.ts";
import type { Log } from "./log.ts";

/** What the sender works with. */
export interface SenderParts {
  readonly api: Api;
  readonly retry: BridgeConfig["retrySeconds"];
  readonly log: Log;
  /** Gives up waiting between tries. */
  readonly signal: AbortSignal;
  /** Called when Telegram no longer takes the token. */
  onUnauthorized(message: string): void;
}

/**
 * `refused`: Telegram will not take this text, now or later. `closed`: the chat takes nothing from the bot. `later`: it has to wait
 * for the next start.
 */
export type Outcome = "sent" | "refused" | "closed" | "later";

/** Sends to the chat, and the topic, that a message came from. */
export interface Sender {
  /** Tries until Telegram has taken or refused the text. A receipt that is lost means that it is sent twice. */
  send(entry: Entry, text: string): Promise<Outcome>;
  /** Shows that an answer is being made; call what it gives to end that. */
  showTyping(entry: Entry): () => void;
}

// Telegram shows "typing" for five seconds.
const typingEveryMs = 4500;

export function createSender({ api, retry, log, signal, onUnauthorized }: SenderParts): Sender {
  return {
    async send(entry, text) {
      for (let failures = 1; ; failures += 1) {
        try {
          await api.sendMessage(entry.chat, text, {
            message_thread_id: entry.thread,
            // A preview makes Telegram fetch whatever address the agent writes: a way out past the sandbox's policy.
            link_preview_options: { is_disabled: true },
          });
          return "sent";
        } catch (error) {
          const fault = toFault(error);
          const facts = { update: entry.updateId, chat: entry.chat, tries: failures };
          log.warn("answer not sent", { ...facts, kind: fault.kind, reason: fault.message });
          if (fault.kind === "refused" || fault.kind === "closed") return fault.kind;
          if (fault.kind === "unauthorized") {
            onUnauthorized(fault.message);
            return "later";
          }
          if (!(await pause(retryDelay(fault, failures, retry), signal))) return "later";
        }
      }
    },

    showTyping({ chat, thread }) {
      // Typing is a courtesy: when it fails, the answer is what will tell.
      const show = () => void api.sendChatAction(chat, "typing", { message_thread_id: thread }).catch(() => {});
      show();
      const timer = setInterval(show, typingEveryMs);
      return () => clearInterval(timer);
    },
  };
}

/** Waits; false when the signal cut it short. */
export async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
