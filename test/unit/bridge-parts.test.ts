import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Update } from "grammy/types";
import { type Api, GrammyError } from "grammy/web";
import { describe, expect, test } from "vitest";
import { tunnelUnit } from "../../services/cloudflared/unit.ts";
import { parseConfig } from "../../services/telegram-bridge/config.ts";
import { toFault } from "../../services/telegram-bridge/fault.ts";
import { type Entry, openInbox } from "../../services/telegram-bridge/inbox.ts";
import { createLog } from "../../services/telegram-bridge/log.ts";
import { createAdmission } from "../../services/telegram-bridge/message.ts";
import { createRelay } from "../../services/telegram-bridge/relay.ts";
import { splitText } from "../../services/telegram-bridge/split.ts";
import { bridgeUnit } from "../../services/telegram-bridge/unit.ts";
import { until } from "../support/telegram-bridge.ts";

const update = (update_id: number) => ({ update_id }) as Update;
const entry = ({ update_id }: Update): Entry => ({ updateId: update_id, chat: 1, text: "x", attempts: 0 });

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-inbox-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("splitting a long answer", () => {
  const piece = fc.oneof(
    fc.constantFrom("word ", "\n\n", "\n", ". ", "😀", "👩‍👩‍👧‍👦", "x".repeat(50), "   "),
    fc.string({ unit: "grapheme", maxLength: 20 }),
  );
  const text = fc.array(piece, { maxLength: 200 }).map((pieces) => pieces.join(""));

  test("keeps every part within the limit, splits no character, and loses only white space", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 200 }), (whole, limit) => {
        const parts = splitText(whole, limit);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(limit);
          expect(part.isWellFormed()).toBe(true);
          expect(part.trim()).not.toBe("");
        }
        expect(parts.join("").replace(/\s/g, "")).toBe(whole.replace(/\s/g, ""));
      }),
    );
  });

  test.each([
    ["one line", 100, ["one line"]],
    ["", 100, []],
    [" \n ", 100, []],
    ["first paragraph\n\nsecond one", 20, ["first paragraph\n\n", "second one"]],
    ["first line here\nsecond line", 20, ["first line here\n", "second line"]],
    ["One sentence. Two of them.", 20, ["One sentence. ", "Two of them."]],
    ["onelongword andanother", 20, ["onelongword ", "andanother"]],
    ["x".repeat(45), 20, ["x".repeat(20), "x".repeat(20), "x".repeat(5)]],
    [`${"x".repeat(19)}😀y`, 20, ["x".repeat(19), "😀y"]],
    ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 20, ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]],
  ])("cuts %j at %i", (whole, limit, parts) => {
    expect(splitText(whole, limit)).toEqual(parts);
  });
});

describe("the inbox", () => {
  test("moves the offset past what it wrote, drops what it knows, and remembers both", () =>
    withFolder(async (folder) => {
      const inbox = await openInbox(folder);
      expect(inbox.next).toBeUndefined();
      expect((await inbox.accept([update(8), update(7)], entry)).map((e) => e.updateId)).toEqual([7, 8]);
      expect(inbox.next).toBe(9);
      expect(await inbox.accept([update(7), update(8)], entry)).toEqual([]);

      const again = await openInbox(folder);
      expect(again.next).toBe(9);
      expect(again.pending.map((e) => e.updateId)).toEqual([7, 8]);
      for (const pending of again.pending) await again.finish(pending);
      expect(await again.accept([update(8), update(9)], () => undefined)).toEqual([]);
      expect(again.next).toBe(10);
      expect((await openInbox(folder)).pending).toEqual([]);
    }));

  test("follows Telegram to the random number it takes after a quiet week", () =>
    withFolder(async (folder) => {
      const inbox = await openInbox(folder);
      await inbox.accept([update(900_000_000)], entry);
      expect(await inbox.accept([update(5)], entry)).toHaveLength(1);
      expect(inbox.next).toBe(6);
    }));

  test("acknowledges nothing that it could not write", () =>
    withFolder(async (folder) => {
      const inbox = await openInbox(folder);
      rmSync(join(folder, "queue"), { recursive: true });
      await expect(inbox.accept([update(7)], entry)).rejects.toThrow("ENOENT");
      expect(inbox.next).toBeUndefined();
    }));

  test("clears what a crash left half written, and names a file that it did not write", () =>
    withFolder(async (folder) => {
      await openInbox(folder);
      writeFileSync(join(folder, "queue", "7.json.tmp"), "{");
      await openInbox(folder);
      expect(readdirSync(join(folder, "queue"))).toEqual([]);
      writeFileSync(join(folder, "queue", "8.json"), "{");
      await expect(openInbox(folder)).rejects.toThrow(/8\.json is not what the bridge wrote; move it away/);
    }));
});

test.each([
  [403, "Forbidden: bot was blocked by the user", "closed"],
  [400, "Bad Request: chat not found", "closed"],
  [400, "Bad Request: group chat was upgraded to a supergroup chat", "closed"],
  [400, "Bad Request: message thread not found", "closed"],
  [400, "Bad Request: message text is empty", "refused"],
  [400, "Bad Request: message is too long", "refused"],
])("Telegram's %i %s means that the chat, or only this text, is %s", (code, description, kind) => {
  const error = new GrammyError("failed", { ok: false, error_code: code, description }, "sendMessage", {});
  expect(toFault(error).kind).toBe(kind);
});

describe("the relay, told to stop", () => {
  test("ends a turn that outlasts its time and keeps the message, as if the turn had not begun", () =>
    withFolder(async (folder) => {
      const inbox = await openInbox(folder);
      const [waiting] = await inbox.accept([update(7)], entry);
      let lines = "";
      const relay = createRelay({
        api: { sendChatAction: async () => true } as unknown as Api,
        config: parseConfig(JSON.stringify({ chats: [1], turn: { argv: ["/bin/sleep", "60"] } })),
        inbox,
        log: createLog((line) => {
          lines += line;
        }),
        session: (chat) => `telegram-${chat}`,
        onFinished: () => {},
        onUnauthorized: () => {},
      });
      if (waiting) relay.add(waiting);
      await until("the turn begins", () => lines.includes("turn begun"));
      await relay.drain(0.1);
      expect((await openInbox(folder)).pending).toEqual([{ updateId: 7, chat: 1, text: "x", attempts: 0 }]);
    }));
});

describe("admission", () => {
  test("names an unlisted chat once an hour, and keeps the topic of a forum", () => {
    let now = 0;
    let lines = "";
    const log = createLog((line) => {
      lines += line;
    });
    const admit = createAdmission([1], log, () => now);
    const message = (chat: number, more: object = {}) =>
      admit({ update_id: 1, message: { chat: { id: chat }, text: "secret plans", ...more } } as unknown as Update);

    expect(message(1, { is_topic_message: true, message_thread_id: 7 })).toMatchObject({
      text: "secret plans",
      thread: 7,
    });
    expect(message(1, { message_thread_id: 7 })?.thread).toBeUndefined();
    for (const at of [0, 1, 3_599_999, 3_600_000]) {
      now = at;
      expect(message(2)).toBeUndefined();
    }
    expect(lines.match(/"chat":2/g)).toHaveLength(2);
    expect(lines).not.toContain("secret");
  });
});

describe("the units", () => {
  const bridge = bridgeUnit({ sandbox: "main", node: "/opt/node", bundle: "/opt/bridge.mjs" });
  const at = {
    sandbox: "main",
    binary: "/opt/cloudflared",
    origin: { host: "127.0.0.1", port: 17872 },
    metricsPort: 17880,
  };
  const quick = tunnelUnit({ ...at, kind: "quick" });
  const named = tunnelUnit({ ...at, kind: "named" });

  test("start what they should", () => {
    expect(bridge).toContain(
      "\nExecStart=/opt/node /opt/bridge.mjs --config /etc/nemoclaw/main/bridge.json --state /var/lib/nemoclaw/main/bridge" +
        " --status /run/nemoclaw-bridge/main/status.json\n",
    );
    expect(quick).toContain(
      "\nExecStart=/opt/cloudflared tunnel --no-autoupdate --metrics 127.0.0.1:17880 --url http://127.0.0.1:17872\n",
    );
    expect(named).toMatch(
      /\nExecStart=\S+ tunnel --no-autoupdate --metrics \S+ run --token-file \$\{CREDENTIALS_DIRECTORY\}\/tunnel-token\n/,
    );
    expect(quick).not.toContain("LoadCredential");
    expect(named).toContain(
      "\nLoadCredential=tunnel-token:/etc/nemoclaw/credentials/nemoclaw-tunnel@main.tunnel-token\n",
    );
  });

  test.each(["../x", "a b", "x\nUser=root", "", "%i"])("refuse the sandbox name %j", (sandbox) => {
    expect(() => bridgeUnit({ sandbox, node: "/n", bundle: "/b" })).toThrow("not a sandbox's name");
    expect(() => tunnelUnit({ ...at, sandbox, kind: "quick" })).toThrow("not a sandbox's name");
  });

  test("refuses an origin that is no host", () => {
    expect(() => tunnelUnit({ ...at, kind: "quick", origin: { host: "x --token y", port: 1 } })).toThrow("not a host");
  });
});

describe("the stand-in for cloudflared, started with the units' own arguments", () => {
  const program = join(import.meta.dirname, "../support/cloudflared-stand-in.mjs");
  const token = Buffer.from(JSON.stringify({ a: "account", s: "c2VjcmV0", t: crypto.randomUUID() })).toString("base64");

  async function start(kind: "quick" | "named", credential: string) {
    const metricsPort = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-tunnel-"));
    writeFileSync(join(folder, "tunnel-token"), credential);
    const origin = { host: "127.0.0.1", port: 1 };
    const line =
      /ExecStart=(.*)/.exec(tunnelUnit({ sandbox: "main", binary: program, kind, origin, metricsPort }))?.[1] ?? "";
    const words = line.replace(`\${CREDENTIALS_DIRECTORY}`, folder).split(" ").slice(1);
    const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (chunk) => {
      log += chunk;
    });
    const get = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`).catch(() => undefined);
    return {
      get,
      log: () => log,
      exit: () => until("it ends", () => child.exitCode),
      ready: () => until("it is ready", async () => (await get("/ready"))?.status === 200),
      [Symbol.dispose]() {
        child.kill("SIGKILL");
        rmSync(folder, { recursive: true });
      },
    };
  }

  test("a quick tunnel becomes ready and tells its name", async () => {
    using tunnel = await start("quick", "");
    await tunnel.ready();
    const ready = await (await tunnel.get("/ready"))?.json();
    expect(ready).toMatchObject({ status: 200, readyConnections: 1, connectorId: expect.any(String) });
    expect(await (await tunnel.get("/quicktunnel"))?.json()).toEqual({
      hostname: expect.stringMatching(/^stand-in-[0-9a-f]{8}\.trycloudflare\.com$/),
    });
  });

  test("a named tunnel wants a real token in its file and has no name of its own", async () => {
    using tunnel = await start("named", `${token}\n`);
    await tunnel.ready();
    expect(await (await tunnel.get("/quicktunnel"))?.json()).toEqual({ hostname: "" });
    using refused = await start("named", "not a token");
    expect(await refused.exit()).toBe(1);
    expect(refused.log()).toContain("Provided Tunnel token is not valid.");
    expect(readFileSync(program, "utf8")).toContain("stand-in");
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
