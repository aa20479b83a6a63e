import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, rmSync, watchFile, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { agentSettings } from "../agent-settings.ts";
import { containerEnvironment } from "../environment.ts";
import { gatewayPort, startAgent } from "./agent.ts";
import { oneHostName } from "./one-host-name.ts";
import { OrderSocket } from "./order-socket.ts";
import { readRoute } from "./route-file.ts";

// main-process.mjs: the agent as the main process of a container that somebody else runs. Its orders come over a socket.
const { values } = parseArgs({
  options: {
    /** Unix socket for orders, made anew. */
    listen: { type: "string" },
    /** Folder of the agent's state, made when it is not there. */
    state: { type: "string" },
    workspace: { type: "string", default: "/sandbox" },
    /** The agent's entry file. */
    entry: { type: "string" },
    /** Where the model is asked. */
    "base-url": { type: "string", default: "https://inference.local/v1" },
    /** A file that says where the model is asked instead, and for which; looked at every second. */
    route: { type: "string" },
    /** The variable that holds the placeholder of the key to ask with. */
    "key-variable": { type: "string" },
    /** Megabytes of heap for the agent's gateway. */
    heap: { type: "string", default: "512" },
    /** Starts an agent that ended again after so long. Without it we end with the agent, and with its code. */
    "restart-seconds": { type: "string" },
    /** The gateway's port on the loopback inside. */
    port: { type: "string", default: String(gatewayPort) },
  },
});

function given(name: "listen" | "state" | "entry"): string {
  const value = values[name];
  if (value !== undefined) return value;
  console.error(`main-process: --${name} is missing`);
  process.exit(2);
}

const [socket, state, entry] = [given("listen"), given("state"), given("entry")];
const { workspace, heap, port, "base-url": baseUrl, "restart-seconds": restart, route } = values;
const apiKey = process.env[values["key-variable"] ?? ""];

for (const folder of [state, dirname(socket)]) mkdirSync(folder, { recursive: true, mode: 0o700 });

// The agent reads its file again whenever it is another one, and goes on with what it does.
function writeSettings(): void {
  const led = route === undefined ? {} : readRoute(route);
  const settings = JSON.stringify(agentSettings({ workspace, state, baseUrl, apiKey, ...led }), null, 2);
  const path = join(state, "openclaw.json");
  // Anew, since the agent may have put a link or other rights in its place.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, `${settings}\n`, { mode: 0o600, flag: "wx" });
  renameSync(`${path}.new`, path);
}
writeSettings();
if (route !== undefined) watchFile(route, { interval: 1000, persistent: false }, writeSettings);

const orders = new OrderSocket();
const agent = startAgent({
  entry,
  port: Number(port),
  heapMegabytes: heap,
  nodeOptions: oneHostName("nemoclaw"),
  restartSeconds: restart === undefined ? undefined : Number(restart),
  folder: workspace,
  token: randomBytes(32).toString("base64url"),
  environment: containerEnvironment({
    inherited: process.env,
    bin: dirname(process.execPath),
    home: workspace,
    state,
  }),
  report: (event) => {
    console.error(JSON.stringify(event));
    orders.tell(event);
  },
  // Nobody outside reads our own standard error.
  wrote: (line) => orders.tell({ event: "log", line }),
});
process.on("SIGTERM", agent.stop).on("SIGINT", agent.stop);

try {
  await orders.serve(socket, agent.obey);
} catch (error) {
  console.error(`main-process: cannot listen at ${socket}: ${error instanceof Error ? error.message : error}`);
  agent.stop();
  await agent.ended;
  process.exit(1);
}
const code = await agent.ended;
console.error(JSON.stringify({ event: "ended", code }));
process.exit(code);
