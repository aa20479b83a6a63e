import { GrammyError, HttpError } from "grammy/web";

/** What went wrong with a call to Telegram, told apart by what helps. */
export interface Fault {
  readonly kind:
    | "unauthorized" // the token is wrong or was revoked: only a person can help
    | "conflict-poller" // another program polls with the same token
    | "conflict-webhook" // the bot's messages go to a webhook
    | "too-many" // wait as long as Telegram says
    | "server"
    | "network"
    | "closed" // the chat takes nothing from the bot, which was blocked or removed, or it has gone
    | "refused" // this very call will never work: no such text is taken
    | "local"; // our own disk, as a rule
  /** One line for the log and the status file, without the token. */
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** Reads an error of grammY, or of our own files. */
export function toFault(error: unknown): Fault {
  if (error instanceof GrammyError) return telegramFault(error);
  if (error instanceof HttpError) {
    // The inner message quotes the URL, and so the token: only its code is told.
    const cause = (error.error as { cause?: { code?: unknown } } | undefined)?.cause;
    return {
      kind: "network",
      message: `Telegram cannot be reached (${typeof cause?.code === "string" ? cause.code : "no answer"})`,
    };
  }
  return { kind: "local", message: error instanceof Error ? error.message : String(error) };
}

function telegramFault({ error_code: code, description, parameters, method }: GrammyError): Fault {
  const said = `${method}: ${code} ${description}`;
  // Telegram's front answers 404 to a token it cannot read, before the Bot API sees it.
  if (code === 401 || (code === 404 && description === "Not Found")) {
    return { kind: "unauthorized", message: `Telegram does not accept the bot's token (${said})` };
  }
  if (code === 409) {
    return /webhook/i.test(description)
      ? { kind: "conflict-webhook", message: `the bot has a webhook, which gets its messages instead (${said})` }
      : { kind: "conflict-poller", message: `another program polls with the same token (${said})` };
  }
  if (code === 429) return { kind: "too-many", message: said, retryAfterSeconds: parameters.retry_after };
  if (code >= 500) return { kind: "server", message: said };
  const closed = code === 403 || /chat not found|chat was upgraded|thread not found|topic.?closed/i.test(description);
  return { kind: closed ? "closed" : "refused", message: said };
}

/** Seconds to wait before the next try: what Telegram asked for, or doubled with each fault in a row. */
export function retryDelay(
  fault: Fault,
  failures: number,
  retry: { first: number; most: number; conflict: number },
): number {
  if (fault.retryAfterSeconds !== undefined) return fault.retryAfterSeconds;
  if (fault.kind.startsWith("conflict")) return retry.conflict;
  return Math.min(retry.first * 2 ** Math.max(failures - 1, 0), retry.most);
}
