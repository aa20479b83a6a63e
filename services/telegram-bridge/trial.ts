import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api } from "grammy/web";
import type { BridgeConfig } from "./config.ts";
import { openInbox } from "./inbox.ts";
import type { Log } from "./log.ts";
import { createRelay } from "./relay.ts";

/** One message that no chat has sent. */
export interface Trial {
  readonly config: BridgeConfig;
  /** The agent's session. */
  readonly session: string;
  readonly message: string;
  readonly log: Log;
}

/**
 * Takes one message the way that those of chats go, from an inbox of its own to the agent and back, up to where its answer would
 * go out: Telegram is not asked, and no chat sees it.
 *
 * @returns whether the agent answered; when it did not, the log says why
 */
export async function tryTurn({ config, session, message, log }: Trial): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "nemoclaw-bridge-"));
  try {
    const inbox = await openInbox(folder);
    const [chat = 0] = config.chats;
    const { promise: answered, resolve } = Promise.withResolvers<boolean>();
    const relay = createRelay({
      api: silentApi(),
      config,
      inbox,
      // Whatever goes wrong on the way is logged as an error; a chat would get an apology, and the message another try.
      log: {
        ...log,
        error(event, facts) {
          log.error(event, facts);
          resolve(false);
        },
      },
      session: () => session,
      onFinished: resolve,
      onUnauthorized: () => resolve(false),
    });
    const entry = { updateId: 1, chat, text: message, attempts: 0 };
    for (const taken of await inbox.accept([{ update_id: 1 }], () => entry)) relay.add(taken);
    const result = await answered;
    await relay.drain(0);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Telegram's API, of which every call succeeds before it leaves this process. */
function silentApi(): Api {
  const api = new Api("0:none");
  api.config.use(async () => ({ ok: true, result: true as never }));
  return api;
}
