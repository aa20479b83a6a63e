import { parseArgs } from "node:util";
import { notify } from "../notify.ts";
import { startRoute } from "./start.ts";

// The inference route as a service: the only process on the machine that has the key of the model's API.
const { values } = parseArgs({
  options: { config: { type: "string" }, socket: { type: "string" }, status: { type: "string" } },
});

function need(name: "config" | "socket" | "status"): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

async function main(): Promise<void> {
  const route = await startRoute({
    config: need("config"),
    socket: need("socket"),
    status: need("status"),
    ...(process.env.CREDENTIALS_DIRECTORY === undefined ? {} : { credentials: process.env.CREDENTIALS_DIRECTORY }),
  });
  process.on("SIGHUP", () => route.reload());
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void route.close().then(() => process.exit(0)));
  }
  // Last: whoever waits for this may send a signal at once, and one that nobody takes ends the process.
  await notify("listening", true);
  console.log(JSON.stringify({ t: new Date().toISOString(), event: "listening", socket: need("socket") }));
}

main().catch((error: Error) => {
  console.error(JSON.stringify({ t: new Date().toISOString(), event: "failed", error: error.message }));
  process.exit(1);
});
