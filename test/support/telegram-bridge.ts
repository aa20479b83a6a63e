import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bundle } from "../../services/build.ts";
import { serve } from "../../services/demo/json-http.ts";
import { createTelegram } from "../../services/demo/telegram.ts";

/** A token as Telegram makes them; its secret half is what must never be seen anywhere. */
export const token = "4711000:AAsecretsecretsecretsecretsecret-_x";

const turnProgram = fileURLToPath(import.meta.resolve("./telegram-turn.ts"));

/** Waits for something to become true; fails with `what` after `seconds`. */
export async function until<T>(what: string, look: () => T | Promise<T>, seconds = 20): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(25);
  }
}

/** The stand-in for Telegram in this process, which can go away and come back on the same port with what it remembers. */
export async function startTelegram() {
  const handle = createTelegram();
  let server = await serve(handle, 0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  async function call(path: string, body?: object): Promise<never> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(40_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as never;
  }
  async function leave(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  return {
    url,
    leave,
    async comeBack() {
      server = await serve(handle, port, "127.0.0.1");
    },
    async say(chat: number, text: string): Promise<number> {
      const { messageId } = (await call("/operator/messages", { chat, text })) as { messageId: number };
      return messageId;
    },
    send: (chat: number, content: object) => call("/operator/messages", { chat, content }),
    next: (fault: object) => call("/operator/next", fault),
    redeliver: (): Promise<{ redelivered: number }> => call("/operator/redeliver", {}),
    answers: async (chat: number): Promise<string[]> => {
      const list = (await call(`/operator/answers?chat=${chat}`)) as { text: string }[];
      return list.map((answer) => answer.text);
    },
    state: (): Promise<{ pending: number; polling: boolean; calls: Record<string, number> }> => call("/operator/state"),
    async [Symbol.asyncDispose]() {
      await leave();
    },
  };
}

/** One turn as the turn stand-in wrote it down. */
export interface Turn {
  readonly begun?: string;
  readonly ended?: string;
  readonly text: string;
  readonly bytes: Buffer;
  readonly argv: readonly string[];
  readonly environment: Record<string, string>;
}

let built: Promise<string> | undefined;

/** A folder with all a bridge needs; the bridge in it can be started, killed and started again. */
export async function bridgeFolder(url: string, config: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-bridge-"));
  const state = join(folder, "state");
  const paths = {
    config: join(folder, "bridge.json"),
    status: join(folder, "status.json"),
    program: join(folder, "bridge.mjs"),
  };
  built ??= bundle("services/telegram-bridge/main.ts").then(({ text }) => text);
  writeFileSync(paths.program, await built);
  mkdirSync(join(folder, "credentials"));
  writeFileSync(join(folder, "credentials", "telegram-token"), `${token}\n`);
  const turn = { argv: [process.execPath, turnProgram, folder, "{session}"] };
  const retrySeconds = { first: 0.05, most: 0.5, conflict: 0.3 };
  writeFileSync(paths.config, JSON.stringify({ chats: [1, 2, 3], turn, apiRoot: url, retrySeconds, ...config }));
  const running = new Set<ChildProcess>();

  function start(environment: Record<string, string> = {}, words: readonly string[] = [], input = "") {
    const files = ["--config", paths.config, "--state", state, "--status", paths.status, ...words];
    const env = { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: join(folder, "credentials"), ...environment };
    const child = spawn(process.execPath, [paths.program, ...files], { env, stdio: "pipe" });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    running.add(child);
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
    let end: number | string | undefined;
    child.once("close", (code, signal) => {
      running.delete(child);
      end = code ?? signal ?? "?";
    });
    const ended = async () => {
      await until(`the bridge ends; its log:\n${log}`, () => end !== undefined);
      return end;
    };
    return {
      pid: child.pid ?? 0,
      log: () => log,
      ended,
      kill: (signal: NodeJS.Signals) => {
        child.kill(signal);
        return ended();
      },
      polling: () => until("the bridge polls", () => /"event":"polling"/.test(log)),
    };
  }

  return {
    folder,
    state,
    start,
    /** The program once more, for one turn, as the check of an upgrade starts it: without a token. */
    tryTurn: (session: string, message: string) =>
      start({ CREDENTIALS_DIRECTORY: "/nowhere" }, ["--turn", session], message),
    setToken: (text: string) => writeFileSync(join(folder, "credentials", "telegram-token"), text),
    release: () => writeFileSync(join(folder, "release"), ""),
    status: (): Record<string, unknown> =>
      existsSync(paths.status) ? (JSON.parse(readFileSync(paths.status, "utf8")) as Record<string, unknown>) : {},
    queued: () => readdirSync(join(state, "queue")),
    turns(): Turn[] {
      const file = join(folder, "turns.jsonl");
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
      return lines.map((line) => {
        const turn = JSON.parse(line) as Turn & { base64: string };
        const bytes = Buffer.from(turn.base64, "base64");
        return { ...turn, bytes, text: bytes.toString("utf8") };
      });
    },
    async [Symbol.asyncDispose]() {
      writeFileSync(join(folder, "release"), "");
      for (const child of running) child.kill("SIGKILL");
      await until("the bridge's processes end", () => running.size === 0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
