import { parseArgs } from "node:util";
import { call } from "./client.ts";
import { reason } from "./log.ts";
import { socketPath } from "./paths.ts";

// status.mjs --sandbox main: one JSON line {agentPid, ready, startedAt, agentVersion, lastModel?, lastModelAt?}.
const options = { sandbox: { type: "string", default: "main" } } as const;

try {
  const { sandbox } = parseArgs({ options }).values;
  const reply = await call({
    path: socketPath(sandbox, "control"),
    request: { op: "status" },
    timeoutSeconds: 10,
    unit: `nemoclaw-sandbox@${sandbox}`,
  });
  console.log(JSON.stringify(reply));
  process.exitCode = "error" in reply ? 1 : 0;
} catch (error) {
  console.log(JSON.stringify({ error: { kind: "invalid", message: reason(error) } }));
  process.exitCode = 1;
}
