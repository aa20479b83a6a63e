import { parseLine, readLines } from "../lines.ts";
import { mostLineBytes, type Order, type Report } from "../protocol.ts";
import { gatewayPort, startAgent } from "./agent.ts";

// The first program inside the sandbox: it starts the agent's gateway and carries orders to it, one JSON line each.
const [, , folder = "/", heapMegabytes = "512"] = process.argv;

const { OPENCLAW_GATEWAY_TOKEN: token = "", NEMOCLAW_AGENT_ENTRY: entry = "", ...rest } = process.env;
// sandbox-runtime exempts whole private networks from the proxy; only the loopback inside can be reached without it.
const loopback = "localhost,127.0.0.1,::1";
const environment: NodeJS.ProcessEnv = { ...rest, NO_PROXY: loopback, no_proxy: loopback };

const report = (value: Report) => process.stdout.write(`${JSON.stringify(value)}\n`);
const agent = startAgent({ entry, port: gatewayPort, heapMegabytes, folder, token, environment, report });
process.on("SIGTERM", agent.stop);

readLines(process.stdin, mostLineBytes, {
  line: (text) => {
    const order = parseLine(text) as Order | undefined;
    if (order !== undefined) void agent.obey(order, report);
  },
});
// Without whoever gives orders there is nothing to do.
process.stdin.once("end", agent.stop);

process.exit(await agent.ended);
