import { parseArgs } from "node:util";
import { notify } from "../notify.ts";
import { Attendance } from "./attendance.ts";
import { log, reason } from "./log.ts";
import { sandboxPaths } from "./paths.ts";
import { serveAgent } from "./serve-agent.ts";
import { turnsGroup } from "./sockets.ts";

// attendant.mjs --sandbox main --agent-version V --status-port N -- COMMAND…: serves an agent that somebody else runs, as the
// supervisor serves its own. COMMAND joins its standard input and output to the agent's orders.
async function run(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      sandbox: { type: "string", default: "main" },
      "agent-version": { type: "string", default: "" },
      "status-port": { type: "string", default: "17872" },
    },
    allowPositionals: true,
  });
  const [program, ...words] = positionals;
  if (program === undefined) throw new Error("which command leads to the agent? attendant.mjs … -- COMMAND…");
  const { sandbox, "agent-version": agentVersion, "status-port": statusPort } = values;
  const sockets = sandboxPaths(sandbox);

  const startedAt = new Date().toISOString();
  const tree = new Attendance([program, ...words]);
  log("info", "attending", { sandbox, agentVersion });
  const stop = () => {
    log("info", "stopping");
    void tree.stop().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const about = { sandbox, agentVersion, startedAt, statusPort: Number(statusPort) };
  await serveAgent({ ...about, tree, sockets, group: turnsGroup });
  await notify("the agent starts");
  await tree.firstReady;
  await notify(`OpenClaw ${agentVersion} is ready`, true);
}

try {
  await run();
} catch (error) {
  log("error", "cannot-run", { message: reason(error) });
  await notify(`cannot run: ${reason(error)}`);
  process.exit(1);
}
