import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { redact, redactStream } from "../../services/inference-route/redact.ts";
import { type RouteStatus, type RunningRoute, startRoute } from "../../services/inference-route/start.ts";
import { collect, eventually, type Reply } from "../support/gate-clients.ts";
import { portOf, type Served, serve } from "../support/gate-world.ts";

const key = "sk-test-0123456789abcdef";

interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly body: any;
}

let folder: string;
let upstream: Served;
let route: RunningRoute;
let seen: Seen[];
let lines: Record<string, unknown>[];
/** Plays the upstream's answer to the nth request. */
let answer: (response: ServerResponse, seen: Seen, nth: number) => void;

const config = () => join(folder, "route.json");
const socketPath = () => join(folder, "route.sock");
const status = (): RouteStatus => JSON.parse(readFileSync(join(folder, "status.json"), "utf8"));
const turns = () => lines.filter((line) => line.event === "turn");

function writeConfig(more: object = {}) {
  const baseUrl = `http://127.0.0.1:${portOf(upstream.server)}/api/v1`;
  writeFileSync(config(), JSON.stringify({ baseUrl, model: "real-model", ...more }));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "route-test-"));
  mkdirSync(join(folder, "credentials"));
  writeFileSync(join(folder, "credentials", "inference-key"), `${key}\n`);
  seen = [];
  lines = [];
  answer = (response, { body }) => json(response, 200, { model: body.model });
  upstream = await serve(
    http.createServer(async (request, response) => {
      const { text } = await collect(request);
      const one = { url: request.url ?? "", headers: request.headers, body: JSON.parse(text) };
      seen.push(one);
      answer(response, one, seen.length);
    }),
  );
  writeConfig();
  route = await startRoute({
    config: config(),
    socket: socketPath(),
    status: join(folder, "status.json"),
    credentials: join(folder, "credentials"),
    write: (line) => lines.push(JSON.parse(line)),
  });
});

afterEach(async () => {
  await route.close();
  upstream.server.close();
  for (const socket of upstream.sockets) socket.destroy();
  rmSync(folder, { recursive: true });
});

function json(response: ServerResponse, code: number, body: object, headers: OutgoingHttpHeaders = {}) {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

async function ask(
  body: string | object = { messages: [] },
  { path = "/v1/chat/completions", method = "POST", headers = {} as OutgoingHttpHeaders } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath: socketPath(), path, method, headers, agent: false });
    request.setTimeout(15_000, () => request.destroy(new Error("no answer in time")));
    request.on("response", (response) => collect(response).then(resolve, reject)).on("error", reject);
    request.end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

/** What the agent may be told about anything that is the operator's business. */
function expectNeutral(reply: Reply) {
  expect(reply.status).toBe(400);
  expect(reply.body.error.message).toMatch(/log of the inference route/);
  expect(reply.text).not.toMatch(/key|credential|auth|40[1237]|429|limit|quota|billing/i);
  expect(reply.text).not.toContain(key);
}

describe("a request", () => {
  test.each(["chat/completions", "responses", "embeddings"])("to %s goes on with the route's model", async (path) => {
    const reply = await ask({ model: "asked", messages: [{ role: "user", content: "ü" }] }, { path: `/v1/${path}` });
    expect(reply.body).toEqual({ model: "real-model" });
    expect(seen[0]).toMatchObject({
      url: `/api/v1/${path}`,
      body: { model: "real-model", messages: [{ content: "ü" }] },
    });
  });

  test("loses what the caller says about itself, and gets the real key", async () => {
    const own = ["authorization", "x-api-key", "api-key", "cookie", "proxy-authorization", "openai-organization"];
    const more = ["openai-project", "x-forwarded-for", "forwarded", "x-goog-api-key", "ocp-apim-subscription-key"];
    const headers = Object.fromEntries([...own, ...more].map((name) => [name, "Bearer from-inside"]));
    await ask({}, { headers: { ...headers, "user-agent": "agent/1" } });
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${key}`, "user-agent": "agent/1" });
    expect(JSON.stringify(seen[0]?.headers)).not.toContain("from-inside");
  });

  test("for the models gets the one there is", async () => {
    const reply = await ask("", { path: "/v1/models", method: "GET" });
    expect(reply.body.data).toMatchObject([{ id: "real-model", object: "model" }]);
    expect(seen).toEqual([]);
  });

  test.each([
    ["another path", "/v1/files", "POST", "{}", 404],
    ["another method", "/v1/chat/completions", "GET", "", 404],
    ["no JSON", "/v1/chat/completions", "POST", "{", 400],
    ["no object", "/v1/chat/completions", "POST", "[1]", 400],
    ["too much", "/v1/chat/completions", "POST", "x".repeat((32 << 20) + 1), 413],
  ])("with %s is refused", async (_what, path, method, body, code) => {
    expect((await ask(body, { path, method })).status).toBe(code);
    expect(seen).toEqual([]);
  });

  test("that the model does not like is told why", async () => {
    answer = (response) => json(response, 400, { error: { message: "maximum context length exceeded" } });
    const reply = await ask();
    expect(reply.status).toBe(400);
    expect(reply.body.error.message).toBe("maximum context length exceeded");
    expect(seen).toHaveLength(1);
  });

  test("is written down without the key", async () => {
    await ask();
    expect(turns()).toMatchObject([{ path: "/v1/chat/completions", status: 200, model: "real-model", attempts: 1 }]);
    expect(JSON.stringify(lines)).not.toContain(key);
  });
});

describe("an upstream", () => {
  test.each([401, 402, 403, 407])("that says %i is not passed on, nor asked again", async (code) => {
    answer = (response) => json(response, code, { error: { message: `Incorrect API key provided: ${key}` } });
    expectNeutral(await ask());
    expect(seen).toHaveLength(1);
    expect(turns()).toMatchObject([{ status: code, answered: 400 }]);
    expect(JSON.stringify(lines)).not.toContain(key);
    expect(status().lastStatus).toBe(code);
  });

  test("that means 401 and says 400 is not passed on either", async () => {
    answer = (response) => json(response, 400, { error: { message: "API key not valid" } });
    expectNeutral(await ask());
  });

  test("whose error is kept from the agent is told to the operator, without the key", async () => {
    answer = (response) => json(response, 200, { error: { code: 401, message: `Incorrect API key provided: ${key}` } });
    expectNeutral(await ask());
    expect(turns()[0]?.error).toMatch(/\{"code":401,"message":"Incorrect API key provided: \[redacted\]"\}/);
    expect(JSON.stringify(lines)).not.toContain(key);
  });

  test("that does not know the model is not passed on, as it is not the caller's", async () => {
    answer = (response) => json(response, 404, { error: { message: "no such thing" } });
    expectNeutral(await ask());
    expect(seen).toHaveLength(1);
    expect(turns()).toMatchObject([
      { status: 404, answered: 400, error: expect.stringMatching(/the model or the path/) },
    ]);
  });

  test.each([
    ["a text", "text/plain", "busy with API keys"],
    ["an event", "text/event-stream", 'data: {"error":{"message":"API key not valid"}}\n\n'],
    ["a stream without events", "text/event-stream", '{"error":{"message":"API key not valid"}}'],
    [
      "limits by the minute",
      "application/json",
      '{"error":{"message":"tokens per min (TPM): Limit 9, Used 8, Requested 2"}}',
    ],
  ])("that says 413 with %s is not passed on", async (_what, type, text) => {
    answer = (response) => response.writeHead(413, { "content-type": type }).end(text);
    expectNeutral(await ask());
  });

  test.each([
    ["JSON", "application/json", '{"error":{"message":"the prompt is too long"}}'],
    ["JSON of another shape", "application/json", '{"detail":"the prompt is too long"}'],
    ["an event", "text/event-stream", 'data: {"error":{"message":"the prompt is too long"}}\n\n'],
  ])("that finds fault with the request in %s is passed on", async (_what, type, text) => {
    answer = (response) => response.writeHead(413, { "content-type": type }).end(text);
    const { status, body } = await ask();
    expect([status, body.error.message]).toEqual([400, "the prompt is too long"]);
  });

  test.each([
    ["JSON", "application/json", 400],
    ["JSON that has another status", "application/json", 200],
    ["an event", "text/event-stream", 200],
  ])("that finds the request too long in Google's shape as %s is passed on", async (_what, type, code) => {
    const message = "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).";
    const text = JSON.stringify([{ error: { code: 400, message, status: "INVALID_ARGUMENT" } }]);
    answer = (response) =>
      response.writeHead(code, { "content-type": type }).end(type === "application/json" ? text : `data: ${text}\n\n`);
    const { status, body } = await ask();
    expect([status, body.error.message]).toEqual([400, message]);
  });

  test("whose limit for a minute is below one request says so without the minute, by which the agent would wait", async () => {
    const message = "Request too large: tokens per min (TPM): Limit 30,000, Requested 41000";
    answer = (response) => json(response, 413, { error: { message, code: "rate_limit_exceeded" } });
    const { status, body } = await ask();
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      message: expect.stringMatching(/exceeds the maximum context length/),
      code: null,
    });
  });

  test.each([429, 500, 502, 503, 529])("that says %i is asked a few times, then given up", async (code) => {
    answer = (response) => json(response, code, { error: "busy" });
    expectNeutral(await ask());
    expect(seen).toHaveLength(3);
    expect(turns()).toMatchObject([{ status: code, attempts: 3, answered: 400 }]);
  });

  test("that is busy once costs one pause", async () => {
    answer = (response, { body }, nth) =>
      nth === 1 ? json(response, 429, {}, { "retry-after": "0" }) : json(response, 200, body);
    expect((await ask()).status).toBe(200);
    expect(seen).toHaveLength(2);
  });

  test.each(["120", new Date(Date.now() + 3_600_000).toUTCString()])(
    "that asks to wait %s is given up at once",
    async (wait) => {
      answer = (response) => json(response, 429, {}, { "retry-after": wait });
      expectNeutral(await ask());
      expect(seen).toHaveLength(1);
    },
  );

  test("that redirects is not followed", async () => {
    answer = (response) => response.writeHead(307, { location: "http://127.0.0.1:1/elsewhere" }).end();
    expectNeutral(await ask());
    expect(seen).toHaveLength(1);
    expect(turns()[0]?.error).toMatch(/redirect/);
  });

  test("that is not there is given up", async () => {
    writeConfig({ baseUrl: "http://127.0.0.1:1/v1" });
    route.reload();
    expectNeutral(await ask());
    expect(turns()[0]?.error).toMatch(/ECONNREFUSED/);
  });

  test("that stays silent is given up", async () => {
    writeConfig({ timeoutSeconds: 1 });
    route.reload();
    answer = () => {};
    expectNeutral(await ask());
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["with a key in the settings", true],
    ["without one", false],
  ])("that stays silent after its head is told as that, %s", async (_what, withKey) => {
    if (!withKey) rmSync(join(folder, "credentials", "inference-key"));
    writeConfig({ timeoutSeconds: 1 });
    route.reload();
    answer = (response) => response.writeHead(200, sse).flushHeaders();
    expectNeutral(await ask());
    expect(turns()[0]?.error).toMatch(/nothing heard from the upstream for 1 s/);
  });

  test("that breaks off in the middle of an answer counts as none", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 100 }).write('{"half":');
      setTimeout(() => response.destroy(), 20);
    };
    expectNeutral(await ask());
  });

  test("sets no cookies and sends no other header than the known ones", async () => {
    answer = (response) =>
      json(response, 200, {}, { "set-cookie": "a=b", "www-authenticate": "x", "x-odd": key, "x-request-id": "r1" });
    const { headers } = await ask();
    expect(headers["x-request-id"]).toBe("r1");
    for (const name of ["set-cookie", "www-authenticate", "x-odd"]) expect(headers[name]).toBeUndefined();
  });

  test("that echoes the key is redacted", async () => {
    answer = (response, { headers }) => json(response, 200, { headers, text: "grüße" });
    const reply = await ask();
    expect(reply.body.text).toBe("grüße");
    expect(reply.text).not.toContain(key);
    expect(reply.text).toContain("[redacted]");
  });
});

const sse = { "content-type": "text/event-stream" };
const errors = {
  "its own code": { error: { code: 429, message: "come back later" } },
  "its code as text": { error: { code: "502", message: "Provider returned error" } },
  "words about the key": { error: { message: "No auth credentials found" } },
  "a text": { error: "Rate limit exceeded" },
  "no message": { error: { code: null } },
  "a type": { type: "error", code: "rate_limit_exceeded", message: "later" },
  "an object": { object: "error", message: "quota exceeded", code: 4 },
  "a failed response": { type: "response.failed", response: { error: { code: "server_error", message: "an error" } } },
  "a failed choice": { choices: [{ delta: {}, finish_reason: "error", error: { code: 502, message: "x" } }] },
  "a choice without a reason": { choices: [{ delta: {}, finish_reason: "error" }] },
  "MiniMax's words": {
    choices: null,
    base_resp: { status_code: 1004, status_msg: "login fail: carry the secret key" },
  },
  "Cloudflare's words": { errors: [{ message: "Authentication error", code: 10000 }], success: false },
  "FastAPI's words": { detail: "Unauthorized" },
  "DashScope's words": { code: "Throttling.RateQuota", message: "Requests rate limit exceeded", request_id: "x" },
};

describe("an error under status 200", () => {
  test.each(Object.entries(errors))("as JSON, told by %s", async (_what, error) => {
    answer = (response) => json(response, 200, error);
    expectNeutral(await ask());
    expect(seen).toHaveLength(1);
    expect(turns()).toMatchObject([{ status: 200, error: expect.stringMatching(/not about the request/) }]);
  });

  test.each(Object.entries(errors))("as the first event of a stream, told by %s", async (_what, error) => {
    answer = (response) => response.writeHead(200, sse).end(`data: ${JSON.stringify(error)}\n\ndata: [DONE]\n\n`);
    expectNeutral(await ask());
    expect(turns()).toMatchObject([
      { status: 200, stream: true, error: expect.stringMatching(/an error in a stream/) },
    ]);
  });

  test.each([
    ["a comment", ": PROCESSING\n\n"],
    ["a piece of the answer", 'data: {"choices":[{"delta":{"content":"Hel"}}],"error":null}\n\n'],
    ["one with other line ends", 'data: {"choices":[]}\r\n\r\n'],
  ])("in a stream after %s ends it with one that says nothing of it", async (_what, before) => {
    const error = JSON.stringify({ error: { code: 429, message: "Rate limit exceeded" } });
    answer = (response) => response.writeHead(200, sse).end(`${before}data: ${error}\n\ndata: [DONE]\n\n`);
    const { status, text } = await ask();
    expect(status).toBe(200);
    expect(text.startsWith(before)).toBe(true);
    expect(JSON.parse(text.slice(before.length).replace("data: ", "")).error).toMatchObject({
      message: expect.stringMatching(/log of the inference route/),
      type: "invalid_request_error",
    });
    expect(text).not.toMatch(/limit|429|DONE/i);
  });

  test.each([
    'event: error\ndata: {"message": "overloaded"}\n\n',
    'data: {"error":\ndata: "overloaded"}\n\n',
    'data: {"choices":[]}\ndata: {"error":"overloaded"}\n',
    '\ufeffdata: {"error":"overloaded"}\n\n',
    '{"error":"overloaded"}',
    '[{\n  "error": {"code": 401}\n}\n]\n',
  ])("in an event of another form: %j", async (event) => {
    answer = (response) => response.writeHead(200, sse).end(event);
    expectNeutral(await ask());
  });

  test("behind a byte order mark", async () => {
    answer = (response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('\ufeff{"error":"overloaded"}');
    expectNeutral(await ask());
  });

  test.each(["", 0, {}, [], null, false])(
    "is none where there is a place for it and nothing in it: %j",
    async (error) => {
      const body = { choices: [{ message: { content: "fine" }, error }], error, detail: error, errors: error };
      answer = (response) => json(response, 200, body);
      expect([(await ask()).status, (await ask()).body]).toEqual([200, body]);
      const event = `data: ${JSON.stringify(body)}\n\n`;
      answer = (response) => response.writeHead(200, sse).end(event);
      expect((await ask()).text).toBe(event);
    },
  );

  test.each([
    { choices: [{ delta: {} }], base_resp: { status_code: 0, status_msg: "" }, detail: "of the answer" },
    { choices: [], usage: { total_tokens: 3 }, base_resp: { status_code: 0, status_msg: "" } },
    { object: "list", data: [{ embedding: [1] }], message: "ok", code: "done" },
    { type: "response.output_text.delta", delta: "x", detail: "of the event" },
  ])("is none beside an answer: %j", async (body) => {
    answer = (response) => json(response, 200, body);
    expect((await ask()).body).toEqual(body);
  });

  test("in a last event that nothing ends", async () => {
    answer = (response) => response.writeHead(200, sse).end('data: {"error":"overloaded"}');
    expectNeutral(await ask());
  });

  test("about the request is told, so that the agent can shorten it", async () => {
    const message = "This endpoint's maximum context length is 8192 tokens";
    answer = (response) =>
      response.writeHead(200, sse).end(`data: ${JSON.stringify({ error: { code: 400, message } })}\n\n`);
    const { status, body } = await ask();
    expect([status, body.error.message]).toEqual([400, message]);
  });

  test("is not what the model writes about errors", async () => {
    const body = { choices: [{ message: { content: '{"error":"rate limit"}' }, finish_reason: "stop" }], error: null };
    answer = (response) => json(response, 200, body);
    expect((await ask()).body).toEqual(body);
  });
});

describe("a stream", () => {
  test("comes piece by piece", async () => {
    let release = () => {};
    answer = (response) => {
      response.writeHead(200, sse).write("data: first\n\n");
      release = () => void response.end("data: [DONE]\n\n");
    };
    const text = await new Promise<string>((resolve, reject) => {
      const request = http.request({
        socketPath: socketPath(),
        path: "/v1/chat/completions",
        method: "POST",
        agent: false,
      });
      request.on("error", reject).on("response", (response) => {
        let all = "";
        response.on("data", (chunk) => {
          all += chunk;
          // The rest is sent only once this has come.
          if (all === "data: first\n\n") release();
        });
        response.on("end", () => resolve(all));
      });
      request.end("{}");
    });
    expect(text).toBe("data: first\n\ndata: [DONE]\n\n");
  });

  test("that breaks off ends with an error that says so", async () => {
    answer = (response) => {
      response.writeHead(200, sse).write("data: first\n\n");
      setTimeout(() => response.destroy(), 20);
    };
    const { text } = await ask({ stream: true });
    expect(text).toMatch(/^data: first\n\n/);
    expect(text).toMatch(/data: \{"error":\{"message":"The model did not answer/);
    expect(turns()[0]?.error).toMatch(/not passed on/);
  });

  test("with the key in it is redacted, also where it is cut in two", async () => {
    answer = (response) => {
      response.writeHead(200, sse).write(`data: ${key.slice(0, 9)}`);
      setTimeout(() => response.end(`${key.slice(9)} sk-te\n\n`), 50);
    };
    expect((await ask({ stream: true })).text).toBe("data: [redacted] sk-te\n\n");
  });

  test("is closed when the caller leaves", async () => {
    let closed = false;
    answer = (response) => {
      response.once("close", () => (closed = true));
      response.writeHead(200, sse).write("data: first\n\n");
    };
    const request = http.request({
      socketPath: socketPath(),
      path: "/v1/chat/completions",
      method: "POST",
      agent: false,
    });
    request.on("error", () => {});
    request.on("response", (response) => response.once("data", () => request.destroy()).on("error", () => {}));
    request.end("{}");
    await eventually("the upstream's request ends", () => closed);
    await eventually("it is written down", () => turns()[0]?.error === "the caller went away");
  });
});

describe("redaction", () => {
  test("leaves no key however a text is cut, and changes nothing else", async () => {
    const piece = fc.oneof(
      fc.constant(key),
      fc.constant(key.slice(0, 5)),
      fc.string({ maxLength: 5, unit: "binary-ascii" }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), async (pieces, step) => {
        const text = pieces.join("");
        const stream = redactStream(key);
        for (let at = 0; at < text.length; at += step) stream.write(text.slice(at, at + step));
        stream.end();
        let out = "";
        for await (const chunk of stream) out += chunk;
        expect(out).toBe(redact(text, key));
      }),
    );
  });
});

describe("settings", () => {
  test("are taken up on reload, model and key", async () => {
    writeConfig({ model: "next-model" });
    writeFileSync(join(folder, "credentials", "inference-key"), "sk-next");
    route.reload();
    expect((await ask()).body).toEqual({ model: "next-model" });
    expect(seen[0]?.headers.authorization).toBe("Bearer sk-next");
    const sha256 = createHash("sha256").update(readFileSync(config())).digest("hex");
    expect(status()).toMatchObject({ routeSha256: sha256, model: "next-model", keyPresent: true });
  });

  test.each([
    ["not JSON", "{"],
    ["no model", JSON.stringify({ baseUrl: "http://a.test/v1" })],
    ["an unknown field", JSON.stringify({ baseUrl: "http://a.test/v1", model: "m", key: "k" })],
    ["a user in the address", JSON.stringify({ baseUrl: "http://a:b@a.test/v1", model: "m" })],
    ["another scheme", JSON.stringify({ baseUrl: "file:///etc/passwd", model: "m" })],
  ])("that are bad (%s) are refused, and the old ones stay", async (_what, text) => {
    const before = status();
    writeFileSync(config(), text);
    route.reload();
    expect(status()).toMatchObject({ routeSha256: before.routeSha256, model: "real-model" });
    expect(status().error).toBeTruthy();
    expect((await ask()).body).toEqual({ model: "real-model" });
  });

  test("with a key that no header can carry are refused without showing it", () => {
    writeFileSync(join(folder, "credentials", "inference-key"), "bad\nkey-material");
    route.reload();
    expect(status().error).toBeTruthy();
    expect(JSON.stringify([status(), lines])).not.toContain("key-material");
  });

  test("may come without a key", async () => {
    rmSync(join(folder, "credentials", "inference-key"));
    route.reload();
    await ask();
    expect(seen[0]?.headers.authorization).toBeUndefined();
    expect(status().keyPresent).toBe(false);
  });

  test("may be missing at first", async () => {
    const options = {
      config: join(folder, "none.json"),
      socket: join(folder, "b.sock"),
      status: join(folder, "b.json"),
    };
    const early = await startRoute({ ...options, write: () => {} });
    const read = () => JSON.parse(readFileSync(options.status, "utf8"));
    expect(read().error).toMatch(/ENOENT/);
    writeFileSync(options.config, readFileSync(config()));
    early.reload();
    expect(read()).toMatchObject({ model: "real-model", keyPresent: false });
    expect(read().error).toBeUndefined();
    await early.close();
  });
});

test("the socket is for its user and group alone, and a stale one is taken over", async () => {
  expect(statSync(socketPath()).mode & 0o777).toBe(0o660);
  const again = await startRoute({
    config: config(),
    socket: socketPath(),
    status: join(folder, "b.json"),
    write: () => {},
  });
  expect((await ask()).status).toBe(200);
  await again.close();
});
