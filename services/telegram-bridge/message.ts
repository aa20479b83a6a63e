import type { Message, Update } from "grammy/types";
import type { Entry } from "./inbox.ts";
import type { Log } from "./log.ts";

const hourMs = 3_600_000;

// What a person sends on purpose; service messages (someone joined, a pin) are nothing to answer.
const content = [
  "animation",
  "audio",
  "contact",
  "dice",
  "document",
  "location",
  "paid_media",
  "photo",
  "poll",
  "sticker",
  "story",
  "venue",
  "video",
  "video_note",
  "voice",
] as const satisfies readonly (keyof Message)[];

/**
 * Decides which updates become work: messages of listed chats that a person sent on purpose. Others are dropped without a
 * reply; an unlisted chat is named in the log once an hour, so that its owner can be given access.
 */
export function createAdmission(chats: readonly number[], log: Log, now: () => number = Date.now) {
  const listed = new Set(chats);
  const mentioned = new Map<number, number>();

  function mention(chat: number): void {
    const last = mentioned.get(chat);
    if (last !== undefined && now() - last < hourMs) return;
    // Anyone can write to a bot, so this list must not grow with them.
    if (mentioned.size >= 1000) mentioned.clear();
    mentioned.set(chat, now());
    log.warn("message of a chat that is not listed dropped", { chat });
  }

  return ({ update_id, message }: Update): Entry | undefined => {
    if (message === undefined) return undefined;
    if (!listed.has(message.chat.id)) {
      mention(message.chat.id);
      return undefined;
    }
    const thread = message.is_topic_message ? message.message_thread_id : undefined;
    const entry: Entry = { updateId: update_id, chat: message.chat.id, thread, attempts: 0 };
    if (message.text !== undefined) return { ...entry, text: message.text };
    return content.some((kind) => message[kind] !== undefined) ? entry : undefined;
  };
}
