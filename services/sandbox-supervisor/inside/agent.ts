import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { readLines } from "../lines.ts";
import type { Order, Report } from "../protocol.ts";
import { inEmptiedWorkspace } from "./emptied-workspace.ts";
import { execute } from "./exec.ts";
import { GatewayClient } from "./gateway-client.ts";
import { limitedLines } from "./limited-lines.ts";
import { Sessions } from "./sessions.ts";
import { turn } from "./turn.ts";
import { warmUp } from "./warm-up.ts";

type AgentProcess = ChildProcessByStdio<null, null, Readable>;

const mostWordsBytes = 8192;

// On a busy computer OpenClaw ends itself as it starts, because a thread of its own took more than five seconds to come up ("state
// lease heartbeat did not become ready", 2026.9.6; no setting makes that longer).
const mostVainStarts = 2;
const vainPauseSeconds = 2;

/** The port of the agent's gateway on the loopback inside, unless something else is said. */
export const gatewayPort = 18789;

export interface AgentStart {
  /** The agent's entry file. */
  readonly entry: string;
  /** On the loopback inside. */
  readonly port: number;
  /** Heap of the agent's gateway. */
  readonly heapMegabytes: string;
  /** Further options of Node's for it. */
  readonly nodeOptions?: readonly string[];
  /** Where the agent and the programs that are run beside it start. */
  readonly folder: string;
  /** Between us and the agent's gateway. Programs beside the agent do not get it. */
  readonly token: string;
  readonly environment: NodeJS.ProcessEnv;
  /** After how long the agent is started again when it ends by itself. Default: it is not, but once if it never answered. */
  readonly restartSeconds?: number | undefined;
  /** Hears what happens to the agent. */
  readonly report: (event: Report) => void;
  /** Hears what the agent writes to its log, beside our standard error; not all of it where it is too much. */
  readonly wrote?: (line: string) => void;
}

export interface Agent {
  /** Carries out one order; its answer goes to whoever gave it. It never fails. */
  obey(order: Order, answer: (report: Report) => void): Promise<void>;
  /** Asks the agent to end, and ends it when it does not. */
  stop(): void;
  /** Resolves with the agent's exit code, once it is not started again. */
  readonly ended: Promise<number>;
}

/** Starts the agent's gateway, and keeps a connection to it. What runs the program that calls this gives the orders. */
export function startAgent(start: AgentStart): Agent {
  const { entry, port, heapMegabytes, folder, token, environment, restartSeconds, report, nodeOptions = [] } = start;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const wrote = limitedLines(start.wrote ?? (() => {}));
  let stopping = false;
  let lastWords = "";
  let answered = false;
  let gateway = run();
  const ended = attend();

  function run(): AgentProcess {
    const words = [entry, "gateway", "run", "--port", String(port), "--bind", "loopback"];
    const child = spawn(process.execPath, [`--max-old-space-size=${heapMegabytes}`, ...nodeOptions, ...words], {
      cwd: folder,
      env: { ...environment, OPENCLAW_GATEWAY_TOKEN: token },
      // On its standard output are the answers themselves, which are nobody's business; warnings and errors are on the other.
      stdio: ["ignore", "ignore", "pipe"],
    });
    lastWords = "";
    child.stderr.pipe(process.stderr, { end: false });
    readLines(child.stderr, mostWordsBytes, {
      line(line) {
        lastWords = line;
        wrote(line);
      },
    });
    report({ event: "started", gatewayPid: child.pid ?? 0 });
    return child;
  }

  async function attend(): Promise<number> {
    for (let starts = 1; ; starts += 1) {
      const code = await exitCode(gateway);
      // Its last words may arrive after its end, and whatever it started may keep them open for ever.
      await Promise.race([once(gateway.stderr, "end"), sleep(500)]);
      const pause = restartSeconds ?? (answered || starts >= mostVainStarts ? undefined : vainPauseSeconds);
      if (stopping || pause === undefined) return code;
      report({ event: "lost", reason: `the agent ended with code ${code}${lastWords && `: ${lastWords}`}` });
      await sleep(pause * 1000);
      if (stopping) return code;
      gateway = run();
    }
  }

  const url = `ws://127.0.0.1:${port}`;
  const client = new GatewayClient(url, token);
  void keepConnected();

  // The gateway may want to drain for minutes; we do not let it.
  function stop(): void {
    if (stopping) return;
    stopping = true;
    gateway.kill("SIGTERM");
    setTimeout(() => gateway.kill("SIGKILL"), 8000).unref();
  }

  const sessions = new Sessions({ environment, folder });

  async function obey(order: Order, answer: (report: Report) => void): Promise<void> {
    if (order.op === "stop") return stop();
    if (order.op !== "turn" && order.op !== "exec") return sessions.take(order, answer);
    const { id } = order;
    try {
      const result =
        order.op === "turn"
          ? await inEmptiedWorkspace(folder, () => turn(client, order))
          : await execute({ ...order, environment, folder });
      answer("kind" in result ? { id, fault: result } : { id, answer: result });
    } catch (error) {
      answer({ id, fault: { kind: "agent", message: error instanceof Error ? error.message : String(error) } });
    }
  }

  async function keepConnected(): Promise<void> {
    // It listens before it can serve, and a connection made too early is refused; asking is cheaper than being refused.
    while (!(await serves(port))) await sleep(200);
    let warmed: AgentProcess | undefined;
    let was = false;
    await client.keepConnected((connected, why) => {
      if (!connected && was) report({ event: "lost", reason: why });
      was = connected;
      answered ||= connected;
      if (!connected) return;
      report({ event: "ready", seconds: seconds() });
      // Beside real turns, which do not wait for it.
      if (warmed !== gateway) void warm();
      warmed = gateway;
    });
  }

  async function warm(): Promise<void> {
    const problem = await warmUp(url, token).catch((error: Error) => error.message);
    report({ event: "warm", seconds: seconds(), problem });
  }

  return { obey, stop, ended };
}

function exitCode(child: AgentProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? (signal === "SIGTERM" ? 0 : 137)));
  });
}

async function serves(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5000) });
    return response.ok;
  } catch {
    return false;
  }
}
