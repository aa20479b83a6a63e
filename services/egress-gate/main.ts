import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { notify } from "../notify.ts";
import { startGate } from "./start.ts";

// The sandbox's only way out, as a service: an HTTP proxy on 127.0.0.1 that keeps the network policy.
const { values } = parseArgs({
  options: {
    sandbox: { type: "string" },
    policy: { type: "string" },
    port: { type: "string" },
    route: { type: "string" },
    status: { type: "string" },
    "ca-dir": { type: "string" },
    "ca-cert": { type: "string" },
    /** A number or a name; may be given more than once. Without it only the gate's own user gets through. */
    "allow-uid": { type: "string", multiple: true },
  },
});

function need(name: "sandbox" | "policy" | "port" | "route" | "status" | "ca-dir" | "ca-cert"): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

function uidOf(user: string): number {
  if (/^\d+$/.test(user)) return Number(user);
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${user}:`));
  if (!line) throw new Error(`--allow-uid ${user}: no such user in /etc/passwd`);
  return Number(line.split(":")[2]);
}

async function main(): Promise<void> {
  const gate = await startGate({
    policy: need("policy"),
    port: Number(need("port")),
    route: need("route"),
    status: need("status"),
    caDir: need("ca-dir"),
    caCert: need("ca-cert"),
    uids: values["allow-uid"]?.map(uidOf) ?? [process.getuid?.() ?? -1],
  });
  process.on("SIGHUP", () => gate.reload());
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void gate.close().then(() => process.exit(0)));
  }
  // Last: whoever waits for this may send a signal at once, and one that nobody takes ends the process.
  await notify("listening", true);
  console.log(
    JSON.stringify({ t: new Date().toISOString(), event: "listening", sandbox: need("sandbox"), port: gate.port }),
  );
}

main().catch((error: Error) => {
  console.error(JSON.stringify({ t: new Date().toISOString(), event: "failed", error: error.message }));
  process.exit(1);
});
