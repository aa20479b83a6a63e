import type { Entry, Inbox } from "./inbox.ts";
import type { Log } from "./log.ts";
import type { Sender } from "./sender.ts";

/** What an answer is delivered with. */
export interface DeliveryParts {
  readonly sender: Pick<Sender, "send">;
  readonly inbox: Pick<Inbox, "save">;
  readonly log: Log;
}

/** `answered`: some of the answer is out. `lost`: nothing of it will ever be. `later`: it has to wait for the next start. */
export type Delivery = "answered" | "lost" | "later";

const instead = "(Telegram did not take this part of the answer.)";

/**
 * Sends an answer part by part, from where it was left. A part that Telegram refuses holds back none after it: the chat is told in its
 * place, unless it takes nothing from the bot any more.
 */
export async function deliver(entry: Entry, { sender, inbox, log }: DeliveryParts): Promise<Delivery> {
  const answer = entry.answer ?? { parts: [], sent: 0 };
  const { parts } = answer;
  let { sent, refused = 0 } = answer;
  while (sent < parts.length) {
    let outcome = await sender.send(entry, parts[sent] ?? "");
    if (outcome === "refused") {
      refused += 1;
      outcome = await sender.send(entry, instead);
    }
    if (outcome === "later") return "later";
    if (outcome === "closed") break;
    sent += 1;
    entry.answer = { parts, sent, ...(refused === 0 ? {} : { refused }) };
    await inbox.save(entry);
  }
  const facts = { update: entry.updateId, chat: entry.chat, messages: sent - refused, of: parts.length };
  if (sent - refused === parts.length) log.info("answer sent", facts);
  else log.error(sent > refused ? "answer sent in part" : "answer lost", facts);
  return sent > refused ? "answered" : "lost";
}
