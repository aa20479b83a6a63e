import type { Answer } from "./chats.ts";

/** Where and what to ask. */
export interface Question {
  /** Base URL of the Telegram stand-in as the operator reaches it: `http://127.0.0.1:32771`. */
  readonly url: string;
  readonly chat: number;
  readonly text: string;
  /** Seconds until the asking is given up. @default 120 */
  readonly deadlineSeconds?: number;
}

/**
 * Asks as a person in a chat of the Telegram stand-in and waits for the bot's answer.
 *
 * @returns the bot's first message after the question
 * @throws when the stand-in cannot be reached, or when no answer came before the deadline
 * @example const { text } = await askThroughTelegram({ url, chat: 4711, text: "Are you there?", deadlineSeconds: 60 });
 */
export async function askThroughTelegram({
  url,
  chat,
  text,
  deadlineSeconds = 120,
}: Question): Promise<{ text: string }> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  const body = JSON.stringify({ chat, text });
  const question = (await call(url, "/operator/messages", { method: "POST", body })) as { messageId: number };

  for (;;) {
    const left = Math.ceil((deadline - Date.now()) / 1000);
    if (left <= 0) break;
    const query = new URLSearchParams({
      chat: `${chat}`,
      after: `${question.messageId}`,
      wait: `${Math.min(left, 25)}`,
    });
    const [answer] = (await call(url, `/operator/answers?${query}`)) as Answer[];
    if (answer !== undefined) return { text: answer.text };
  }
  const state = JSON.stringify(await call(url, "/operator/state"));
  throw new Error(
    `the bot did not answer in chat ${chat} within ${deadlineSeconds} s\n  said  the Telegram stand-in at ${url}: ${state}\n` +
      "  try   look at the bridge's journal on the machine: is it polling, and what did its turn say?",
  );
}

async function call(base: string, path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(new URL(path, base), { ...init, signal: AbortSignal.timeout(40_000) }).catch((error) => {
    throw new Error(`the Telegram stand-in at ${base} cannot be reached: ${error?.cause?.message ?? error.message}`);
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the Telegram stand-in answered ${response.status} to ${path}: ${text}`);
  return JSON.parse(text);
}
