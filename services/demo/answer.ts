/** One message of an OpenAI-compatible chat request, as far as the demo looks at it. */
export interface ChatMessage {
  readonly role?: string;
  readonly content?: unknown;
}

const internalStart = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>";
const internalEnd = "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>";
const runtimeLine = /\n\nRuntime: agent=[^\n|]* \| session=[^\n]*$/;
const timestamp = /^\[[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2})? [^\]\n]{1,40}\] /;

/**
 * The text of the person behind a chat request. OpenClaw puts a message of its own after the person's, which is only
 * internal context, a timestamp before the person's words, and after the first ones of a session a line about itself; all of
 * these are taken away.
 *
 * @returns undefined when no user message holds any text
 */
export function personText(messages: readonly ChatMessage[]): string | undefined {
  for (const message of messages.toReversed()) {
    if (message.role !== "user") continue;
    const text = withoutInternal(contentText(message.content)).replace(timestamp, "").replace(runtimeLine, "");
    if (text.trim() !== "") return text;
  }
  return undefined;
}

/** What the demo model answers: that it is one, under which name it was asked, and the person's words. */
export function demoAnswer(model: string, text: string | undefined): string {
  const said = text === undefined ? "I found no text of yours." : `You said: ${text}`;
  return `This is the DEMO model, asked for as "${model}". ${said}`;
}

function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (typeof part?.text === "string" ? part.text : "")).join("");
}

function withoutInternal(text: string): string {
  if (!text.trimStart().startsWith(internalStart)) return text;
  const end = text.indexOf(internalEnd);
  return end < 0 ? "" : text.slice(end + internalEnd.length).trimStart();
}
