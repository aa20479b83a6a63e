import { parseArgs } from "node:util";
import { call } from "./client.ts";
import { reason } from "./log.ts";
import { socketPath } from "./paths.ts";

// inside.mjs --sandbox main [--timeout SECONDS] -- PROGRAM [ARGUMENT…]: runs a program inside, with its output and exit code.
const options = {
  sandbox: { type: "string", default: "main" },
  timeout: { type: "string", default: "60" },
} as const;

async function run(): Promise<number> {
  const { values, positionals: argv } = parseArgs({ options, allowPositionals: true });
  if (argv.length === 0) throw new Error("what to run inside? inside.mjs --sandbox NAME -- PROGRAM [ARGUMENT…]");
  const timeoutSeconds = Number(values.timeout);
  const reply = await call({
    path: socketPath(values.sandbox, "control"),
    request: { op: "exec", argv, timeoutSeconds },
    timeoutSeconds: timeoutSeconds + 20,
    unit: `nemoclaw-sandbox@${values.sandbox}`,
  });
  if (typeof reply.exitCode !== "number") {
    const { kind, message } = (reply.error ?? {}) as { kind?: string; message?: string };
    throw new Error(`${message} (${kind})`);
  }
  process.stdout.write(String(reply.stdout));
  process.stderr.write(String(reply.stderr));
  if (reply.truncated === true) console.error("(output was cut off)");
  return reply.exitCode;
}

try {
  process.exitCode = await run();
} catch (error) {
  console.error(`inside: ${reason(error)}`);
  // As env and docker do for what could not be run at all, so that it is not taken for the program's own failure.
  process.exitCode = 125;
}
