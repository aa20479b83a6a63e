import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseLine, readLines } from "../lines.ts";
import { mostLineBytes, type Order, type Report } from "../protocol.ts";
import { execute } from "./exec.ts";
import { GatewayClient } from "./gateway-client.ts";
import { turn } from "./turn.ts";
import { warmUp } from "./warm-up.ts";

// The first program inside the sandbox: it starts the agent's gateway and carries orders to it, one JSON line each.
const port = 18789;
const [, , folder = "/", heapMegabytes = "512"] = process.argv;
const started = performance.now();

const { OPENCLAW_GATEWAY_TOKEN: token = "", NEMOCLAW_AGENT_ENTRY: entry = "", ...rest } = process.env;
// sandbox-runtime exempts whole private networks from the proxy; only the loopback inside can be reached without it.
const loopback = "localhost,127.0.0.1,::1";
const environment: NodeJS.ProcessEnv = { ...rest, NO_PROXY: loopback, no_proxy: loopback };

const report = (value: Report) => process.stdout.write(`${JSON.stringify(value)}\n`);

const words = [entry, "gateway", "run", "--port", String(port), "--bind", "loopback"];
const gateway = spawn(process.execPath, [`--max-old-space-size=${heapMegabytes}`, ...words], {
  cwd: folder,
  env: { ...environment, OPENCLAW_GATEWAY_TOKEN: token },
  // On its standard output are the answers themselves, which are nobody's business; warnings and errors are on the other.
  stdio: ["ignore", "ignore", 2],
});
gateway.once("error", () => process.exit(127));
gateway.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 0 : 137)));
report({ event: "started", gatewayPid: gateway.pid ?? 0 });

// The gateway may want to drain for minutes; we do not let it.
let stopping = false;
function stop(): void {
  if (stopping) return;
  stopping = true;
  gateway.kill("SIGTERM");
  setTimeout(() => gateway.kill("SIGKILL"), 8000).unref();
}
process.on("SIGTERM", stop);

const url = `ws://127.0.0.1:${port}`;
const client = new GatewayClient(url, token);

async function obey(order: Order): Promise<void> {
  if (order.op === "stop") return stop();
  const { id } = order;
  try {
    const result = order.op === "turn" ? await turn(client, order) : await execute({ ...order, environment, folder });
    report("kind" in result ? { id, fault: result } : { id, answer: result });
  } catch (error) {
    report({ id, fault: { kind: "agent", message: error instanceof Error ? error.message : String(error) } });
  }
}

readLines(process.stdin, mostLineBytes, {
  line: (text) => {
    const order = parseLine(text) as Order | undefined;
    if (order !== undefined) void obey(order);
  },
});
// Without whoever gives orders there is nothing to do.
process.stdin.once("end", stop);

// It listens before it can serve, and a connection made too early is refused; asking is cheaper than being refused.
while (!(await serves())) await sleep(200);
const seconds = () => (performance.now() - started) / 1000;
let first = true;
await client.keepConnected((connected, why) => {
  if (!connected) return report({ event: "lost", reason: why });
  report({ event: "ready", seconds: seconds() });
  // Beside real turns, which do not wait for it.
  if (first) void warm();
  first = false;
});

async function warm(): Promise<void> {
  const problem = await warmUp(url, token).catch((error: Error) => error.message);
  report({ event: "warm", seconds: seconds(), problem });
}

async function serves(): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5000) });
    return response.ok;
  } catch {
    return false;
  }
}
