import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { demoAnswer, personText } from "../../services/demo/answer.ts";
import { askThroughTelegram } from "../../services/demo/drive.ts";
import { serve } from "../../services/demo/json-http.ts";
import { createModel } from "../../services/demo/model.ts";
import { startTelegram, token } from "../support/telegram-bridge.ts";

const internal = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nnothing of the person's\n";

describe("finding the person's text", () => {
  const user = (content: unknown) => ({ role: "user", content });
  const stamp = "[Sun 2026-11-22 17:02 UTC] ";
  test.each([
    ["plain", [user("hello")], "hello"],
    ["with OpenClaw's timestamp", [user(`${stamp}hello`)], "hello"],
    ["before OpenClaw's internal context", [user(`${stamp}hello`), user(internal)], "hello"],
    [
      "after older turns",
      [user("old"), { role: "assistant", content: "x" }, user(`${stamp}new`), user(internal)],
      "new",
    ],
    [
      "in parts",
      [user([{ type: "text", text: `${stamp}a` }, { type: "image_url" }, { type: "text", text: "b" }])],
      "ab",
    ],
    ["behind context in one message", [user(`${internal}<<<END_OPENCLAW_INTERNAL_CONTEXT>>>\n\nhello`)], "hello"],
    ["with odd characters", [user(`${stamp}\n$(x) 😀 [Sun] "q"\n`)], `\n$(x) 😀 [Sun] "q"\n`],
    ["that looks like a timestamp", [user(`${stamp}${stamp}x`)], `${stamp}x`],
    [
      "before OpenClaw's line about itself",
      [user(`${stamp}a\nb\n\nRuntime: agent=main | session=x | os=Linux`)],
      "a\nb",
    ],
    ["that speaks of a runtime", [user(`${stamp}a\n\nRuntime: agent=? I mean`)], "a\n\nRuntime: agent=? I mean"],
    ["none", [{ role: "system", content: "x" }, user(internal)], undefined],
    ["nothing at all", [], undefined],
  ])("%s", (_, messages, text) => {
    expect(personText(messages)).toBe(text);
  });
});

describe("the DEMO model", () => {
  async function startModel() {
    const server = await serve(createModel(), 0, "127.0.0.1");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(url + path, { method: "POST", body: JSON.stringify(body), headers, signal: AbortSignal.timeout(10_000) });
    const chat = (more: object = {}) =>
      post(
        "/v1/chat/completions",
        { model: "some/model", messages: [{ role: "user", content: "Guten Tag 😀" }], ...more },
        { authorization: "Bearer key-that-stays-secret" },
      );
    return {
      url,
      post,
      chat,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
  const answer = demoAnswer("some/model", "Guten Tag 😀");

  test("says what it is, for which model it was asked, and the person's words, the same every time", async () => {
    await using model = await startModel();
    const ask = async () => (await (await model.chat()).json()) as Record<string, unknown>;
    const [first, second] = [await ask(), await ask()];
    expect(answer).toBe('This is the DEMO model, asked for as "some/model". You said: Guten Tag 😀');
    expect(first.choices).toEqual([
      { index: 0, message: { role: "assistant", content: answer }, finish_reason: "stop" },
    ]);
    expect(first).toMatchObject({
      object: "chat.completion",
      model: "some/model",
      usage: { total_tokens: expect.any(Number) },
    });
    expect(second.choices).toEqual(first.choices);
  });

  test("streams the same answer, with the usage last where it is asked for", async () => {
    await using model = await startModel();
    const text = await (await model.chat({ stream: true, stream_options: { include_usage: true } })).text();
    const events = text.split("\n\n").filter(Boolean);
    expect(events.pop()).toBe("data: [DONE]");
    const chunks = events.map((event) => JSON.parse(event.replace("data: ", "")));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(answer);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: expect.any(Number) } });
    expect(chunks.at(-2).choices[0].finish_reason).toBe("stop");
    expect(await (await model.chat({ stream: true })).text()).not.toContain("usage");
  });

  test("keeps of a caller's key only a hash", async () => {
    await using model = await startModel();
    await model.chat();
    const requests = await (await fetch(`${model.url}/operator/requests`)).json();
    expect(requests).toEqual({
      count: 1,
      lastAuthorizationSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      lastModel: "some/model",
    });
  });

  test("fails as its operator asks, and only as often", async () => {
    await using model = await startModel();
    await model.post("/operator/next", { status: 429, retryAfter: 7, times: 2 });
    await model.post("/operator/next", { status: 401 });
    const limited = await model.chat();
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    expect([(await model.chat()).status, (await model.chat()).status, (await model.chat()).status]).toEqual([
      429, 401, 200,
    ]);

    await model.post("/operator/next", { status: "cut", times: 2 });
    await expect(model.chat()).rejects.toThrow();
    const cut = await model.chat({ stream: true });
    expect(cut.status).toBe(200);
    await expect(cut.text()).rejects.toThrow();
    expect((await model.post("/operator/next", { status: "maybe" })).status).toBe(500);
  });
});

describe("the Telegram stand-in", () => {
  interface Answer {
    readonly ok: boolean;
    readonly error_code: number;
    readonly description: string;
    // biome-ignore lint/suspicious/noExplicitAny: each method has a result of its own
    readonly result: any;
  }
  const methodsOf =
    (url: string, bot = token) =>
    async (method: string, args: object = {}): Promise<Answer> => {
      const init = { method: "POST", body: JSON.stringify(args), headers: { "content-type": "application/json" } };
      return (await fetch(`${url}/bot${bot}/${method}`, init)).json() as Promise<Answer>;
    };

  test("delivers an update again until an offset acknowledges it", async () => {
    await using telegram = await startTelegram();
    const bot = methodsOf(telegram.url);
    await telegram.say(5, "hello");
    const first = await bot("getUpdates");
    expect(first.result).toMatchObject([{ message: { text: "hello", chat: { id: 5 }, from: { is_bot: false } } }]);
    expect(await bot("getUpdates")).toEqual(first);
    const offset = first.result[0].update_id + 1;
    expect(await bot("getUpdates", { offset })).toEqual({ ok: true, result: [] });
    expect(await bot("getUpdates")).toEqual({ ok: true, result: [] });
  });

  test("holds a poll until a message comes, and ends it when a second poller comes", async () => {
    await using telegram = await startTelegram();
    const bot = methodsOf(telegram.url);
    const held = bot("getUpdates", { timeout: 20 });
    await expect.poll(async () => (await telegram.state()).polling).toBe(true);
    const second = bot("getUpdates", { timeout: 20 });
    expect(await held).toMatchObject({
      ok: false,
      error_code: 409,
      description: expect.stringContaining("other getUpdates"),
    });
    await telegram.say(5, "hello");
    expect((await second).result).toHaveLength(1);
  });

  test("forgets a poller that goes away", async () => {
    await using telegram = await startTelegram();
    const gone = AbortSignal.timeout(200);
    await expect(fetch(`${telegram.url}/bot${token}/getUpdates?timeout=20`, { signal: gone })).rejects.toThrow();
    await expect.poll(async () => (await telegram.state()).polling).toBe(false);
  });

  test("refuses what Telegram refuses", async () => {
    await using telegram = await startTelegram();
    const bot = methodsOf(telegram.url);
    const fault = async (answer: Promise<Answer>) => {
      const { error_code, description } = await answer;
      return [error_code, description];
    };
    expect(await fault(methodsOf(telegram.url, "nonsense")("getMe"))).toEqual([
      401,
      expect.stringContaining("Unauthorized"),
    ]);
    expect(await fault(bot("nothing"))).toEqual([404, "Not Found: method not found"]);
    expect(await fault(bot("sendMessage", { chat_id: 5, text: " " }))).toEqual([400, expect.stringContaining("empty")]);
    expect(await fault(bot("sendMessage", { chat_id: 5, text: "x".repeat(4097) }))).toEqual([
      400,
      expect.stringContaining("too long"),
    ]);
    expect(await bot("sendMessage", { chat_id: 5, text: "x".repeat(4096) })).toMatchObject({ ok: true });
    await telegram.next({ status: 429, retryAfter: 3 });
    expect(await bot("sendMessage", { chat_id: 5, text: "x" })).toMatchObject({
      error_code: 429,
      parameters: { retry_after: 3 },
    });
  });

  test("lets a bot change its own answers and nobody else's", async () => {
    await using telegram = await startTelegram();
    const bot = methodsOf(telegram.url);
    const { result } = await bot("sendMessage", { chat_id: 5, text: "draft" });
    const edit = (text: string, message_id = result.message_id) =>
      bot("editMessageText", { chat_id: 5, message_id, text });
    expect(await edit("final")).toMatchObject({ ok: true });
    expect(await edit("final")).toMatchObject({ description: "Bad Request: message is not modified" });
    expect(await edit("x", 12345)).toMatchObject({ error_code: 400 });
    expect(await telegram.answers(5)).toEqual(["final"]);
    for (const method of ["sendChatAction", "answerCallbackQuery", "deleteWebhook"]) {
      expect(await bot(method, { chat_id: 5, action: "typing" })).toEqual({ ok: true, result: true });
    }
  });
});

describe("asking through the Telegram stand-in", () => {
  test("gives the bot's answer to this question, not an older one", async () => {
    await using telegram = await startTelegram();
    const bot = `${telegram.url}/bot${token}`;
    await fetch(`${bot}/sendMessage?chat_id=5&text=old`);
    const asked = askThroughTelegram({ url: telegram.url, chat: 5, text: "question", deadlineSeconds: 20 });
    await fetch(`${bot}/getUpdates?timeout=10`);
    await fetch(`${bot}/sendMessage?chat_id=5&text=new`);
    expect(await asked).toEqual({ text: "new" });
  });

  test("says what the stand-in saw when no answer comes, and where it looked when nobody is there", async () => {
    await using telegram = await startTelegram();
    const question = { url: telegram.url, chat: 5, text: "question", deadlineSeconds: 1 };
    await expect(askThroughTelegram(question)).rejects.toThrow(/did not answer in chat 5 within 1 s\n.*"pending":1/);
    await expect(askThroughTelegram({ ...question, url: "http://127.0.0.1:2" })).rejects.toThrow(
      "127.0.0.1:2 cannot be reached",
    );
  });
});
