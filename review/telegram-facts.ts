import { type Fact, fact, listFacts } from "./facts.ts";
import { show, shownEach } from "./values.ts";

/** A bridge as its resource and its settings have it. */
export type Bridge = Readonly<Record<string, unknown>> | undefined;

/** Whom a Telegram bridge answers. */
export function chatFacts(before: Bridge, after: Bridge): Fact[] {
  return listFacts("Telegram chat", chats(before), chats(after));
}

/** Which Bot API server a bridge talks to. */
export function serverFacts(before: Bridge, after: Bridge): Fact[] {
  const [was, is] = [before, after].map((bridge) => bridge && server(bridge));
  // A bridge that is new or gone is told by its chats, unless it talks to somebody else than is expected.
  if ([was, is].includes(undefined) && [was, is].includes(usual)) return [];
  const widens = { effect: "widens", note: "the bot's token and what the agent answers go there" } as const;
  return fact("Telegram server", was, is, is === undefined ? { effect: "narrows" } : widens);
}

const usual = "Telegram's own";

function server({ apiRoot }: NonNullable<Bridge>): string {
  return apiRoot === undefined ? usual : show(apiRoot);
}

function chats(bridge: Bridge): string[] {
  return shownEach(bridge?.chats);
}
