import { at, eachOf, type Guardrail, isKnown, listAt, type Violation } from "./guardrail.ts";

const bridge = "nemoclaw:host:TelegramBridge";

/** A bot answers only those that the stack lists. */
export const telegramChats: Guardrail = {
  name: "telegram-chats",
  rule: "A Telegram bridge lists the chats that it answers",
  reason: "anybody can find a bot and write to it, and the agent would work for them",
  wayOut: "none; add a chat's number to telegram.chats",
  check: eachOf([bridge], function* ({ props }) {
    if (isKnown(props.chats) && listAt(props, "chats").length === 0)
      yield { path: "chats", message: "no chat is listed" };
  }),
};

/** Telegram gives each message to one poller. */
export const oneBotPerToken: Guardrail = {
  name: "one-bot-per-token",
  rule: "No two bridges of a stack use the same bot token",
  reason: "Telegram lets one program poll a bot, so two would take each other's messages and fail in turns",
  wayOut: "none; ask BotFather for a second bot",
  check: (stack) => {
    const bridges = stack.filter(({ type, props }) => type === bridge && typeof at(props, "token") === "string");
    return [...Map.groupBy(bridges, ({ props }) => props.token)].flatMap(([, same]) =>
      same.slice(1).map(
        ({ name }): Violation => ({
          resource: name,
          path: "token",
          message: `the same bot as ${same[0]?.name}`,
        }),
      ),
    );
  },
};
