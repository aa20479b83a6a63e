import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { call } from "./client.ts";
import { reason } from "./log.ts";
import { socketPath } from "./paths.ts";
import { defaultTurnSeconds } from "./protocol.ts";

// turn.mjs --sandbox main --session KEY [--timeout SECONDS]: the message on standard input, one JSON line on standard output.
const queueSeconds = 600;

const options = {
  sandbox: { type: "string", default: "main" },
  session: { type: "string", default: "main" },
  timeout: { type: "string", default: String(defaultTurnSeconds) },
} as const;

async function run(): Promise<number> {
  const { sandbox, session, timeout } = parseArgs({ options }).values;
  const timeoutSeconds = Number(timeout);
  const reply = await call({
    path: socketPath(sandbox, "turns"),
    request: { id: "1", op: "turn", session, message: await text(process.stdin), timeoutSeconds },
    // A turn may wait for others of its session first.
    timeoutSeconds: timeoutSeconds + queueSeconds,
    unit: `nemoclaw-sandbox@${sandbox}`,
  });
  const { id: _, ok, ...rest } = reply;
  console.log(JSON.stringify(rest));
  return ok === true ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  console.log(JSON.stringify({ error: { kind: "invalid", message: reason(error) } }));
  process.exitCode = 1;
}
