import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { runBridge } from "./bridge.ts";
import { type BridgeConfig, parseConfig } from "./config.ts";
import { createLog, type Log } from "./log.ts";
import { tryTurn } from "./trial.ts";

// sysexits' "configuration error": the unit does not start again by itself, since only a new file can help.
const configurationError = 78;

const write = (line: string) => process.stderr.write(line);
const bare = createLog(write);

const { values } = parseArgs({
  options: {
    config: { type: "string" },
    state: { type: "string" },
    status: { type: "string" },
    // Instead of polling: one turn in this session, with the message on standard input.
    turn: { type: "string" },
  },
});
const { config: configFile, state, status, turn: session } = values;
if (configFile === undefined || state === undefined || status === undefined) {
  bare.error("usage: bridge --config FILE --state FOLDER --status FILE [--turn SESSION]");
  process.exit(64);
}

const config = readConfig(configFile);
if (session !== undefined) {
  const answered = await tryTurn({ config, session, message: await text(process.stdin), log: bare });
  process.exit(answered ? 0 : 1);
}
const token = readToken();
const log = createLog(write, [token]);

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log.info("asked to stop", { signal });
    stop.abort();
  });
}

try {
  const fault = await runBridge({ config, token, state, status, log, stop: stop.signal });
  if (fault === undefined) process.exit(0);
  log.error("the bridge cannot go on", {
    reason: fault.message,
    try: "compare the token with the one @BotFather gave, set it again as the stack's telegramToken, and run `up`",
  });
  process.exit(1);
} catch (error) {
  log.error("the bridge cannot go on", { reason: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}

function readConfig(path: string): BridgeConfig {
  try {
    return parseConfig(readFileSync(path, "utf8"));
  } catch (error) {
    return refuse(bare, `${path} ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readToken(): string {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  if (folder === undefined) return refuse(bare, "CREDENTIALS_DIRECTORY is not set: systemd's LoadCredential= sets it");
  try {
    const written = readFileSync(join(folder, "telegram-token"), "utf8").trim();
    // A token is part of every URL: white space or a slash in it would change where a request goes.
    return /^[\w:-]+$/.test(written)
      ? written
      : refuse(bare, "the credential telegram-token does not look like a bot's token");
  } catch (error) {
    return refuse(bare, `the credential telegram-token cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function refuse(log: Log, reason: string): never {
  log.error("the bridge is not started", { reason });
  process.exit(configurationError);
}
