import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { putProgram } from "../support/stand-ins.ts";
import { bridgeFolder, startTelegram, token, until } from "../support/telegram-bridge.ts";

const secret = token.split(":")[1] ?? "";
const rejectedText = /does not accept the bot's token/;

describe("the bridge process against the Telegram stand-in, with a stand-in for turns", () => {
  test("answers listed chats and drops others without a reply, naming them once", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url, { chats: [1, -1001234567890] });
    const bridge = home.start();
    await telegram.say(99, "let me in");
    await telegram.say(99, "let me in, please");
    await telegram.say(1, "hello");
    await telegram.say(-1001234567890, "hello from a group");

    await until("both are answered", async () => (await telegram.answers(-1001234567890)).length > 0);
    await until("both are answered", async () => (await telegram.answers(1)).length > 0);

    expect(await telegram.answers(1)).toEqual(["answer to: hello"]);
    expect(await telegram.answers(99)).toEqual([]);
    expect(home.turns().map((turn) => turn.begun)).not.toContain("telegram-99");
    expect(home.turns().map((turn) => turn.begun)).toContain("telegram--1001234567890");
    expect(bridge.log().match(/not listed/g)).toHaveLength(1);
    await until("the queue is empty", () => home.queued().length === 0);
    await until("the status says so", () => home.status().queue === 0 && home.status().answered === 2);
    expect(home.status()).toMatchObject({ bot: "demo_stand_in_bot", chats: 2, conflict: false });
    expect(home.status()).not.toHaveProperty("lastError");
  });

  test("hands odd texts to the turn's standard input byte for byte, and to nothing else", async () => {
    const texts = [
      "--help",
      "-rf /",
      `$(touch /tmp/pwned) \`id\` \${HOME} $HOME`,
      `"double" 'single' \\ back\\slash`,
      "line one\nline two\r\nline three\n",
      "tab\there, bell\u0007, nul-free",
      "😀 👩‍👩‍👧‍👦 ünïcödé العربية 漢字",
      "; rm -rf / & | > < * ? [a] {b} ~ ! # %s %n",
      "x".repeat(4096),
      '{"session":"other"} {session}',
    ];
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    for (const text of texts) await telegram.say(1, text);
    await until("all are answered", () => home.status().answered === texts.length);

    const begun = home.turns().filter((turn) => turn.begun !== undefined);
    expect(begun.map((turn) => turn.bytes)).toEqual(texts.map((text) => Buffer.from(text)));
    for (const turn of begun) {
      expect(turn.argv).toEqual([home.folder, "telegram-1"]);
      expect(turn.environment).not.toHaveProperty("CREDENTIALS_DIRECTORY");
    }
    for (const text of texts.filter((t) => t.length > 8)) {
      expect(bridge.log()).not.toContain(text.slice(0, 12));
      expect(JSON.stringify(home.status())).not.toContain(text.slice(0, 12));
    }
    expect(existsSync("/tmp/pwned")).toBe(false);
  });

  test("shows the token nowhere: not in the log, the status, its arguments, its state or a turn's environment", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start({ DEBUG: "grammy*" });
    await telegram.say(1, "hold");
    await until("a turn runs", () => home.turns().length > 0);
    const ps = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout;
    await telegram.next({ status: "cut", method: "sendMessage" });
    home.release();
    await until("it is answered", () => home.status().answered === 1);
    await telegram.leave();
    await until("the outage is seen", () => home.status().lastError);

    expect(ps).toContain("telegram-turn.ts");
    expect(ps).not.toContain(secret);
    expect(bridge.log()).toContain("Telegram cannot be reached");
    expect(bridge.log()).not.toContain(secret);
    expect(JSON.stringify(home.status())).not.toContain(secret);
    expect(JSON.stringify(home.turns())).not.toContain(secret);
    for (const name of readdirSync(home.state, { recursive: true, encoding: "utf8" })) {
      const path = join(home.state, name);
      if (name.endsWith(".json")) expect(readFileSync(path, "utf8")).not.toContain(secret);
    }
    await telegram.comeBack();
  });

  test("takes one turn at a time in a chat, in order, while other chats go on; typing is shown and renewed", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    home.start();
    await telegram.say(1, "hold first");
    for (const text of ["second", "third", "fourth"]) await telegram.say(1, text);
    await telegram.say(2, "another chat");

    await until("the other chat is answered", async () => (await telegram.answers(2)).length > 0);
    await until("typing is renewed", async () => ((await telegram.state()).calls.sendChatAction ?? 0) >= 3);
    expect(home.turns().filter((turn) => turn.begun === "telegram-1")).toHaveLength(1);
    expect(await telegram.answers(1)).toEqual([]);

    home.release();
    await until("all are answered", async () => (await telegram.answers(1)).length === 4);
    expect(await telegram.answers(1)).toEqual(
      ["hold first", "second", "third", "fourth"].map((text) => `answer to: ${text}`),
    );
    const order = home.turns().filter((turn) => (turn.begun ?? turn.ended) === "telegram-1");
    expect(order.map((turn) => (turn.begun ? "begun" : "ended"))).toEqual(
      Array.from({ length: 4 }, () => ["begun", "ended"]).flat(),
    );
  });

  test("drops updates that the Telegram stand-in delivers twice", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const first = home.start();
    for (const text of ["one", "two"]) await telegram.say(1, text);
    await until("both are answered", () => home.status().answered === 2);
    await until("both are acknowledged", async () => (await telegram.state()).pending === 0);

    expect(await telegram.redeliver()).toEqual({ redelivered: 2 });
    await telegram.say(1, "three");
    await until("the third is answered", () => home.status().answered === 3);
    await first.kill("SIGKILL");

    await telegram.redeliver();
    home.start();
    await telegram.say(1, "four");
    await until("the fourth is answered", async () => (await telegram.answers(1)).length >= 4);
    const answers = ["one", "two", "three", "four"].map((text) => `answer to: ${text}`);
    expect(await telegram.answers(1)).toEqual(answers);
  });

  test("cuts a long answer into messages Telegram takes, and loses nothing of it", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    home.start();
    await telegram.say(1, "long");
    await telegram.say(1, "empty");
    await until("both are answered", () => home.status().answered === 2);

    const parts = await telegram.answers(1);
    expect(parts.pop()).toBe("(The answer has no text.)");
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.every((part) => part.length <= 4096 && part.isWellFormed())).toBe(true);
    expect(parts.join("")).toMatch(/^Sentence 0 .*Sentence 899 has an emoji 👩‍👩‍👧‍👦 in it\.\s*$/s);
    expect(parts.join("").match(/👩‍👩‍👧‍👦/gu)).toHaveLength(900);
  });

  test("answers what is not text, and keeps silent on service messages", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    home.start();
    await telegram.send(1, { new_chat_members: [{ id: 5, is_bot: false, first_name: "New" }] });
    await telegram.send(1, { photo: [{ file_id: "x" }], caption: "look at this" });
    await telegram.say(1, "and text");
    await until("two are answered", () => home.status().answered === 2);
    expect(await telegram.answers(1)).toEqual(["I can only read text messages.", "answer to: and text"]);
    expect(home.turns().filter((turn) => turn.begun)).toHaveLength(1);
  });

  test.each([
    ["fail with private words", {}, '"kind":"route","reason":"the inference route refused"'],
    ["crash with private words", {}, "no such thing"],
    ["hold private words", { turnTimeoutSeconds: 0.5 }, '"kind":"timeout"'],
    ["anything private words", { turn: { argv: ["/nowhere/turn", "{session}"] } }, '"kind":"start"'],
    ["anything private words", { turn: { argv: ["/bin/true"] } }, '"kind":"reply"'],
  ])(
    "a turn that does not work out (%s, %o) is answered neutrally and its reason logged",
    async (text, config, reason) => {
      await using telegram = await startTelegram();
      await using home = await bridgeFolder(telegram.url, config);
      const bridge = home.start();
      await telegram.say(1, text);
      await until("it is answered", () => home.status().answered === 1);
      expect(await telegram.answers(1)).toEqual(["Sorry, I could not answer that. Please try again in a moment."]);
      expect(bridge.log()).toContain(reason);
      expect(bridge.log()).not.toContain("private words");
    },
  );

  test("goes on after an answer that Telegram will never take", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.next({ status: 403, method: "sendMessage" });
    await telegram.say(1, "blocked");
    await telegram.say(1, "not blocked");
    await until("the second is answered", async () => (await telegram.answers(1)).length > 0);
    expect(await telegram.answers(1)).toEqual(["answer to: not blocked"]);
    expect(bridge.log()).toContain('"kind":"closed"');
    await until("it is counted", () => home.status().answered === 1);
    expect(home.status().queue).toBe(0);
  });

  test("tells a chat which part of a long answer Telegram refused, and sends the others", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.next({ status: 400, method: "sendMessage" });
    await telegram.say(1, "long");
    await until("it is answered", () => home.status().answered === 1);

    const [first, ...rest] = await telegram.answers(1);
    expect(first).toMatch(/did not take this part/);
    expect(rest.join("")).toMatch(/^Sentence \d+ .*Sentence 899 has an emoji/s);
    expect(bridge.log()).toContain("answer sent in part");
    expect(home.queued()).toEqual([]);
  });

  test("tells a chat of an answer that Telegram refused as a whole, and does not count it as answered", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.next({ status: 400, method: "sendMessage" });
    await telegram.say(1, "refused");
    await until("the chat is told", async () => (await telegram.answers(1)).length > 0);
    await telegram.say(1, "taken");
    await until("the next is answered", () => home.status().answered === 1 && home.queued().length === 0);

    const [told, ...others] = await telegram.answers(1);
    expect(told).toMatch(/did not take this part/);
    expect(others).toEqual(["answer to: taken"]);
    expect(home.status().answered).toBe(1);
    expect(bridge.log()).toContain("answer lost");
  });

  test("gives up a message whose turn took the bridge down three times", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    mkdirSync(join(home.state, "queue"), { recursive: true });
    writeFileSync(
      join(home.state, "queue", "7.json"),
      JSON.stringify({ updateId: 7, chat: 1, text: "x", attempts: 3 }),
    );
    home.start();
    await until("it is answered", async () => (await telegram.answers(1)).length > 0);
    expect(await telegram.answers(1)).toEqual([expect.stringContaining("Sorry")]);
    expect(home.turns()).toEqual([]);
    await until("the queue is empty", () => home.queued().length === 0);
  });

  test("drops what waits for a chat that was taken off the list in the meantime", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url, { chats: [2] });
    mkdirSync(join(home.state, "queue"), { recursive: true });
    writeFileSync(
      join(home.state, "queue", "7.json"),
      JSON.stringify({ updateId: 7, chat: 1, text: "x", attempts: 0 }),
    );
    home.start();
    await telegram.say(2, "hello");
    await until("the listed chat is answered", async () => (await telegram.answers(2)).length > 0);
    await until("the queue is empty", () => home.queued().length === 0);
    expect(home.turns().map((turn) => turn.begun ?? turn.ended)).not.toContain("telegram-1");
    expect(await telegram.answers(1)).toEqual([]);
  });
});

describe("the bridge process and a Telegram stand-in in trouble", () => {
  test("tells another poller from a webhook, reports both, and goes on when they are gone", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await bridge.polling();

    const leave = new AbortController();
    const other = (async () => {
      while (!leave.signal.aborted) {
        await fetch(`${telegram.url}/bot${token}/getUpdates?timeout=20`, { signal: leave.signal }).catch(() => {});
      }
    })();
    await until("the conflict is reported", () => home.status().conflict === true);
    expect(home.status()).toMatchObject({ lastErrorKind: "conflict-poller" });
    expect(home.status().lastError).toContain("another program polls");
    leave.abort();
    await other;
    await until("it polls again", () => home.status().conflict === false);
    expect(home.status()).not.toHaveProperty("lastError");

    await fetch(`${telegram.url}/bot${token}/setWebhook?url=https://example.org/`);
    await until("the webhook is reported", () => home.status().lastErrorKind === "conflict-webhook");
    expect(home.status()).toMatchObject({ conflict: true });
    expect((await telegram.state()).calls.deleteWebhook).toBeUndefined();
    await fetch(`${telegram.url}/bot${token}/deleteWebhook`);
    await telegram.say(1, "hello again");
    await until("it is answered", async () => (await telegram.answers(1)).length > 0);
    expect(bridge.log()).toContain("has a webhook");
  });

  test("waits as long as 429 says, and tries again after 5xx and cut connections", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await bridge.polling();
    await telegram.next({ status: 429, retryAfter: 1, method: "getUpdates" });
    await telegram.next({ status: 500, method: "getUpdates", times: 2 });
    await telegram.next({ status: "cut", method: "getUpdates" });
    await telegram.next({ status: 429, retryAfter: 1, method: "sendMessage" });
    await telegram.next({ status: 502, method: "sendMessage", times: 2 });
    await telegram.next({ status: "cut", method: "sendMessage" });
    await telegram.say(1, "hello");
    await until("it is answered", () => home.status().answered === 1);
    await until("all faults came", () => bridge.log().match(/"poll failed"/g)?.length === 4);
    expect(await telegram.answers(1)).toEqual(["answer to: hello"]);
    expect(bridge.log().match(/"answer not sent"/g)).toHaveLength(4);
    expect(bridge.log()).toMatch(/"kind":"too-many".*"nextSeconds":1\b/);
    expect(home.turns().filter((turn) => turn.begun)).toHaveLength(1);
  });

  test("an answer whose receipt was lost is sent again: at least once", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    home.start();
    await telegram.next({ status: "lost", method: "sendMessage" });
    await telegram.say(1, "hello");
    await until("it is answered", () => home.status().answered === 1);
    expect(await telegram.answers(1)).toEqual(["answer to: hello", "answer to: hello"]);
    expect(home.turns().filter((turn) => turn.begun)).toHaveLength(1);
  });

  test("survives an outage of the network, before its start and in its middle", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    await telegram.leave();
    const bridge = home.start();
    await until("the outage is seen", () => home.status().lastErrorKind === "network");
    await telegram.comeBack();
    await bridge.polling();

    await telegram.say(1, "hold this");
    await until("the turn runs", () => home.turns().length > 0);
    await telegram.leave();
    home.release();
    await until("the answer cannot be sent", () => bridge.log().includes('"answer not sent"'));
    await telegram.comeBack();
    await until("it is answered", async () => (await telegram.answers(1)).length > 0);
    expect(await telegram.answers(1)).toEqual(["answer to: hold this"]);
    await until("it polls", () => home.status().lastError === undefined);
  });

  test.each([
    ["a malformed token, at its start", async () => {}, "12345"],
    ["a revoked token, at its start", { status: 401, method: "getMe", times: 9 }, token],
    ["a revoked token, while it polls", { status: 401, method: "getUpdates", times: 9 }, token],
  ])("ends with a clear message at %s", async (_, fault, text) => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    home.setToken(text);
    if (typeof fault === "object") await telegram.next(fault);
    const bridge = home.start();
    expect(await bridge.ended()).toBe(1);
    expect(bridge.log()).toMatch(rejectedText);
    expect(bridge.log()).toContain("telegramToken");
    expect(bridge.log()).not.toContain(secret);
    expect(home.status()).toMatchObject({ lastErrorKind: "unauthorized" });
  });

  test("keeps an answer for the next start when the token is revoked before it is sent", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await bridge.polling();
    await telegram.next({ status: 401, method: "sendMessage" });
    await telegram.say(1, "hello");
    expect(await bridge.ended()).toBe(1);
    home.start();
    await until("it is answered", async () => (await telegram.answers(1)).length > 0);
    expect(await telegram.answers(1)).toEqual(["answer to: hello"]);
    expect(home.turns().filter((turn) => turn.begun)).toHaveLength(1);
  });
});

describe("the bridge process, killed and stopped", () => {
  // Changes of files for one message, in order: the message, that it was taken over, the turn's begin, the answer, that it
  // was sent, and the end. The two doubles are the price of "at least once".
  const steps = ["message", "accepted", "attempt", "answer", "sent", "finished"];
  const doubles: Record<string, { turns: number; answers: number }> = {
    "before answer": { turns: 2, answers: 1 },
    "before sent": { turns: 1, answers: 2 },
  };
  test.each(
    steps.flatMap((step, at) =>
      (["before", "after"] as const).map((when) => [`${when} ${step}`, at + 1, when] as const),
    ),
  )("loses nothing when SIGKILL comes %s is written (Telegram stand-in)", async (point, nth, when) => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const preload = `--import=${import.meta.resolve("../support/telegram-kill.ts")}`;
    const bridge = home.start({ NODE_OPTIONS: preload, KILL_AT: JSON.stringify({ folder: home.state, nth, when }) });
    await telegram.say(1, "hello");
    expect(await bridge.ended()).toBe("SIGKILL");

    home.start();
    await telegram.say(1, "and later");
    await until("the later one is answered", async () => (await telegram.answers(1)).includes("answer to: and later"));

    const { turns, answers } = doubles[point] ?? { turns: 1, answers: 1 };
    const of = (text: string) => home.turns().filter((turn) => turn.begun && turn.text === text).length;
    expect({ turns: of("hello"), later: of("and later") }).toEqual({ turns, later: 1 });
    expect(await telegram.answers(1)).toEqual([
      ...Array.from({ length: answers }, () => "answer to: hello"),
      "answer to: and later",
    ]);
    await until("the queue is empty", () => home.queued().length === 0);
  });

  test("runs a turn again when SIGKILL came in its middle, and keeps the order", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.say(1, "hold one");
    await telegram.say(1, "two");
    await until("the turn runs and the second is written", () => home.turns().length > 0 && home.queued().length === 2);
    await bridge.kill("SIGKILL");
    home.release();
    home.start();
    await until("both are answered", async () => (await telegram.answers(1)).length >= 2);
    expect(await telegram.answers(1)).toEqual(["answer to: hold one", "answer to: two"]);
  });

  test("at SIGTERM finishes the turn that runs, leaves the rest for the next start, and ends with 0", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.say(1, "hold one");
    await telegram.say(1, "two");
    await until("the turn runs and the second is written", () => home.turns().length > 0 && home.queued().length === 2);
    const ended = bridge.kill("SIGTERM");
    await until("the bridge stops", () => bridge.log().includes('"stopping"'));
    await until("nobody polls", async () => !(await telegram.state()).polling);
    home.release();
    expect(await ended).toBe(0);
    expect(await telegram.answers(1)).toEqual(["answer to: hold one"]);
    expect(home.queued()).toHaveLength(1);

    home.start();
    await until("the second is answered", async () => (await telegram.answers(1)).length === 2);
    expect(await telegram.answers(1)).toEqual(["answer to: hold one", "answer to: two"]);
  });
});

describe("the bridge process, asked for one turn", () => {
  test("takes it as a chat's, in the session it is told, while the bridge goes on; nobody at Telegram sees it", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const bridge = home.start();
    await telegram.say(1, "hold");
    await until("a turn runs", () => home.turns().length > 0);
    const [{ calls }, queued] = [await telegram.state(), home.queued()];

    const trial = home.tryTurn("nemoclaw-health", "Are you there?\n");
    expect(await trial.ended(), trial.log()).toBe(0);
    const begun = home.turns().filter((turn) => turn.begun === "nemoclaw-health");
    expect(begun.map(({ text, argv }) => [text, argv])).toEqual([
      ["Are you there?\n", [home.folder, "nemoclaw-health"]],
    ]);
    expect(begun[0]?.environment).not.toHaveProperty("CREDENTIALS_DIRECTORY");
    expect(trial.log()).not.toContain("Are you there");
    const { sendMessage, getMe } = (await telegram.state()).calls;
    expect([sendMessage, getMe]).toEqual([calls.sendMessage, calls.getMe]);
    expect(home.queued()).toEqual(queued);
    expect(home.status()).toMatchObject({ queue: 1, answered: 0 });

    home.release();
    await until("the chat is answered", () => home.status().answered === 1);
    expect(await telegram.answers(1)).toEqual(["answer to: hold"]);
    await bridge.kill("SIGTERM");
  });

  test.each([
    ["fail", {}, "the inference route refused"],
    ["crash", {}, "no such thing"],
    ["hold", { turnTimeoutSeconds: 0.5 }, '"kind":"timeout"'],
    ["anything", { turn: { argv: ["/nowhere/turn", "{session}"] } }, '"kind":"start"'],
    ["anything", { turn: { argv: ["\0"] } }, "message held up"],
    ["anything", { turn: { argv: [] } }, "turn.argv"],
  ])("fails with the reason when there is no answer (%s, %o), and leaves nothing", async (message, config, reason) => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url, config);
    const trial = home.tryTurn("nemoclaw-health", message);
    expect(await trial.ended()).not.toBe(0);
    expect(trial.log()).toContain(reason);
    expect((await telegram.state()).calls).toEqual({});
    expect(existsSync(home.state)).toBe(false);
  });
});

describe("the bridge process at its start", () => {
  test.each([
    ["no chats", { chats: [] }, "chats: at least one chat must be listed"],
    ["an unknown key", { chat: 5 }, "chat"],
    ["no turn", { turn: { argv: [] } }, "turn.argv"],
    ["an apiRoot of another kind", { apiRoot: "file:///etc/passwd" }, "apiRoot"],
  ])("refuses a configuration with %s and does not call Telegram", async (_, config, message) => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url, config);
    const bridge = home.start();
    expect(await bridge.ended()).toBe(78);
    expect(bridge.log()).toContain(message);
    expect((await telegram.state()).calls).toEqual({});
  });

  test("refuses a token with a slash in it, without showing it", async () => {
    await using home = await bridgeFolder("http://127.0.0.1:9");
    home.setToken(`${token}/../../x`);
    const bridge = home.start();
    expect(await bridge.ended()).toBe(78);
    expect(bridge.log()).toContain("does not look like a bot's token");
    expect(bridge.log()).not.toContain(secret);
  });

  test("tells systemd that it is ready only once a poll was answered (stand-in for systemd-notify)", async () => {
    await using telegram = await startTelegram();
    await using home = await bridgeFolder(telegram.url);
    const told = join(home.folder, "told");
    putProgram(home.folder, "systemd-notify", `printf '%s\\n' "$@" >>'${told}'`);
    await telegram.next({ status: 500, method: "getUpdates", times: 3 });
    const bridge = home.start({ NOTIFY_SOCKET: "/nowhere", PATH: `${home.folder}:${process.env.PATH}` });
    await until("it has failed to poll", () => bridge.log().match(/"poll failed"/g)?.length === 3);
    await until("systemd is told", () => existsSync(told));
    expect(bridge.log().indexOf('"poll failed"')).toBeLessThan(bridge.log().indexOf('"event":"polling"'));
    expect(readFileSync(told, "utf8")).toBe("--ready\n--status=polling as demo_stand_in_bot\n");
  });
});
