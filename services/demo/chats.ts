import { failed, ok, type Reply } from "./reply.ts";

/** What a bot sent to a chat. */
export interface Answer {
  readonly messageId: number;
  text: string;
}

type Message = Record<string, unknown> & { message_id: number };

const longestText = 4096;

/** The chats of the stand-in: what people wrote, through the operator, and what the bot answered. */
export interface Chats {
  /** A message of a person, from the operator's `{chat, text, from?, content?}`. @throws when chat or content is missing */
  receive(request: Record<string, unknown>): Message;
  send(chat: number, text: unknown): Reply;
  edit(chat: number, messageId: number, text: unknown): Reply;
  /** Answers after a message, at once when there are some, else with the first or after `waitSeconds`. */
  answers(query: { chat: number; after: number; waitSeconds: number }): Promise<Answer[]>;
}

export function createChats(): Chats {
  const sent = new Map<number, Answer[]>();
  const waiting = new Set<() => void>();
  let nextMessageId = 1;

  function message(chat: number): Message {
    const group = chat < 0;
    return {
      message_id: nextMessageId++,
      date: Math.floor(Date.now() / 1000),
      chat: group ? { id: chat, type: "supergroup", title: "demo" } : { id: chat, type: "private", first_name: "Demo" },
    };
  }

  const after = (chat: number, messageId: number) => (sent.get(chat) ?? []).filter((a) => a.messageId > messageId);

  return {
    receive({ chat, text, from, content }) {
      if (typeof chat !== "number" || !Number.isSafeInteger(chat) || chat === 0)
        throw new Error("chat: a chat's number");
      if (typeof text !== "string" && typeof content !== "object") throw new Error("text: what the person writes");
      const person = { id: typeof from === "number" ? from : Math.abs(chat), is_bot: false, first_name: "Demo" };
      return { ...message(chat), from: person, ...(typeof text === "string" ? { text } : (content as object)) };
    },

    send(chat, text) {
      const refused = refuse(chat, text);
      if (refused !== undefined) return refused;
      const made = message(chat);
      sent.set(chat, [...(sent.get(chat) ?? []), { messageId: made.message_id, text: String(text) }]);
      for (const wake of waiting) wake();
      return ok({ ...made, text });
    },

    edit(chat, messageId, text) {
      const answer = sent.get(chat)?.find((a) => a.messageId === messageId);
      if (answer === undefined) return failed(400, "Bad Request: message to edit not found");
      const refused = refuse(chat, text);
      if (refused !== undefined) return refused;
      if (answer.text === text) return failed(400, "Bad Request: message is not modified");
      answer.text = String(text);
      return ok({ ...message(chat), message_id: messageId, text });
    },

    async answers({ chat, after: messageId, waitSeconds }) {
      const deadline = Date.now() + waitSeconds * 1000;
      while (after(chat, messageId).length === 0 && Date.now() < deadline) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            clearTimeout(timer);
            waiting.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, Math.max(deadline - Date.now(), 0));
          waiting.add(wake);
        });
      }
      return after(chat, messageId);
    },
  };
}

function refuse(chat: number, text: unknown): Reply | undefined {
  if (chat === 0) return failed(400, "Bad Request: chat_id is empty");
  if (typeof text !== "string" || text.trim() === "") return failed(400, "Bad Request: message text is empty");
  return text.length > longestText ? failed(400, "Bad Request: message is too long") : undefined;
}
